package io.fastforward.plugin;

/**
 * The parent of a plugin's class loader: it shows the contract and the JDK, and nothing of the application, so that
 * a plugin brings its own libraries and cannot lean on ours.
 */
final class SpiOnlyClassLoader extends ClassLoader {

    private static final String CONTRACT = "io.fastforward.spi.";

    private final ClassLoader application;

    SpiOnlyClassLoader(ClassLoader application) {
        super(ClassLoader.getPlatformClassLoader());
        this.application = application;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        if (name.startsWith(CONTRACT)) {
            return application.loadClass(name);
        }
        throw new ClassNotFoundException(name);
    }
}

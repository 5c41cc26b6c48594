package io.fastforward.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/** Whatever the stub of TornadoVM's API declares for others exists in the API of the SDK, with the very same types. */
@EnabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class StubSignaturesTest {

    /** Where the stub's module puts its classes; the build makes it before this one. */
    private static final Path STUB = Path.of("api-stub", "target", "classes");

    @Test
    void everySignatureExistsInTheSdk() throws IOException {
        List<Path> classes;
        try (Stream<Path> files = Files.walk(STUB)) {
            classes = files.filter(file -> file.toString().endsWith(".class")).toList();
        }
        var missing = new ArrayList<String>();
        int checked = 0;
        for (Path file : classes) {
            ClassModel stub = ClassFile.of().parse(file);
            if (stub.flags().has(AccessFlag.PUBLIC)) {
                checked += check(stub, missing);
            }
        }
        assertThat(missing).isEmpty();
        assertThat(checked).as("signatures").isGreaterThan(60);
    }

    private static int check(ClassModel stub, List<String> missing) {
        String name = stub.thisClass().asInternalName().replace('/', '.');
        Class<?> real;
        try {
            real = Class.forName(name, false, StubSignaturesTest.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            missing.add(name);
            return 1;
        }
        assertThat(real.getModule().getName()).as("module of %s", name).isEqualTo("tornado.api");
        int checked = 0;
        for (FieldModel field : stub.fields()) {
            if (field.flags().has(AccessFlag.PUBLIC)) {
                checked++;
                if (Arrays.stream(real.getFields())
                        .noneMatch(other ->
                                other.getName().equals(field.fieldName().stringValue())
                                        && descriptor(other.getType()).equals(field.fieldTypeSymbol()))) {
                    missing.add(name + "." + field.fieldName().stringValue());
                }
            }
        }
        for (MethodModel method : stub.methods()) {
            String called = method.methodName().stringValue();
            if (method.flags().has(AccessFlag.PUBLIC) && !method.flags().has(AccessFlag.SYNTHETIC)) {
                checked++;
                if (!exists(
                        real, called, method.methodTypeSymbol(), method.flags().has(AccessFlag.STATIC))) {
                    missing.add(name + "." + called + method.methodTypeSymbol().displayDescriptor());
                }
            }
        }
        return checked;
    }

    private static boolean exists(Class<?> real, String name, MethodTypeDesc type, boolean isStatic) {
        if (name.equals("<init>")) {
            return Arrays.stream(real.getConstructors())
                    .anyMatch(other -> parameters(other.getParameterTypes()).equals(type.parameterList()));
        }
        return Arrays.stream(real.getMethods())
                .anyMatch(other -> other.getName().equals(name)
                        && other.accessFlags().contains(AccessFlag.STATIC) == isStatic
                        && descriptor(other.getReturnType()).equals(type.returnType())
                        && parameters(other.getParameterTypes()).equals(type.parameterList()));
    }

    private static List<ClassDesc> parameters(Class<?>[] types) {
        return Stream.of(types).map(StubSignaturesTest::descriptor).toList();
    }

    private static ClassDesc descriptor(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}

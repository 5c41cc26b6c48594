package io.fastforward.nativelibrary;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Directories whose contents nobody but this user, and the administrator, can change. */
final class PrivateDirectory {

    private static final int STICKY = 01000;

    private PrivateDirectory() {}

    /**
     * Makes a directory, with those above it, if it is not there, and checks that it is private: owned by this user,
     * not writable by others, and nobody else can replace it or one above it.
     *
     * @return its real path, without links that may change later
     * @throws IOException if it cannot be made or written to, or is not private; the message says why
     */
    static Path claim(Path directory) throws IOException {
        boolean posix = isPosix(directory);
        Files.createDirectories(directory, attributes(posix));
        Path real = directory.toRealPath();
        UserPrincipal user = ownerOfNewFile(real);
        if (!Files.getOwner(real).equals(user)) {
            throw new IOException(
                    "'" + real + "' belongs to " + Files.getOwner(real).getName() + ", not to " + user.getName());
        }
        if (posix) {
            requireNoOtherWriter(real, Files.getPosixFilePermissions(real), false);
            for (@Nullable Path above = real.getParent(); above != null; above = above.getParent()) {
                requireTrusted(above, user);
            }
        }
        return real;
    }

    /** What new directories are made with. */
    static FileAttribute<?>[] attributes(boolean posix) {
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
    }

    static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains("unix");
    }

    /** Whose files this process makes, which names alone do not tell: a user of a container may have none. */
    private static UserPrincipal ownerOfNewFile(Path directory) throws IOException {
        try {
            Path file = Files.createTempFile(directory, "owner", null);
            try {
                return Files.getOwner(file);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (AccessDeniedException e) {
            throw new IOException("'" + directory + "' cannot be written to", e);
        }
    }

    private static void requireNoOtherWriter(
            Path directory, Set<PosixFilePermission> permissions, boolean groupOfUserAlone) throws IOException {
        if (permissions.contains(PosixFilePermission.OTHERS_WRITE)
                || (permissions.contains(PosixFilePermission.GROUP_WRITE) && !groupOfUserAlone)) {
            throw new IOException(
                    "others may write to '" + directory + "' (" + PosixFilePermissions.toString(permissions) + ")");
        }
    }

    /** A directory above: its owner, and whoever may write to it, can put another one in place of what is in it. */
    private static void requireTrusted(Path directory, UserPrincipal user) throws IOException {
        PosixFileAttributes attributes = Files.readAttributes(directory, PosixFileAttributes.class);
        int mode = (Integer) Files.getAttribute(directory, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        boolean ofAdministrator = Integer.valueOf(0).equals(Files.getAttribute(directory, "unix:uid"));
        if (!ofAdministrator && !attributes.owner().equals(user)) {
            throw new IOException(
                    "'" + directory + "' belongs to " + attributes.owner().getName());
        }
        if ((mode & STICKY) != 0) {
            return; // what is in it can be replaced by its owner alone
        }
        boolean groupOfUserAlone =
                attributes.group().getName().equals(attributes.owner().getName());
        requireNoOtherWriter(directory, attributes.permissions(), groupOfUserAlone);
    }
}

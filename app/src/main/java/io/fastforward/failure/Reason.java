package io.fastforward.failure;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/**
 * Why reading or writing failed, in words. The messages of many of Java's exceptions are nothing but a path, or
 * nothing at all.
 */
public final class Reason {

    private Reason() {}

    /** The reason, in one bounded line without a full stop, such as "permission denied". */
    public static String of(IOException failure) {
        return switch (failure) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException missing -> quoted(missing) + " does not exist";
            case FileAlreadyExistsException there -> quoted(there) + " exists already";
            case DirectoryNotEmptyException full -> quoted(full) + " is not empty";
            case NotDirectoryException file -> quoted(file) + " is not a directory";
            case FileSystemLoopException loop -> quoted(loop) + " is a link that leads back to itself";
            case FileSystemException other when other.getReason() != null -> OneLine.of(other.getReason());
            case FileSystemException other -> "the system refuses it for " + quoted(other) + " and does not say why";
            case ClosedByInterruptException _ -> "it was interrupted";
            case ClosedChannelException _ -> "the file was closed meanwhile";
            case CharacterCodingException _ -> "it is not UTF-8";
            case EOFException _ -> "it ends too early";
            default -> text(failure);
        };
    }

    private static String text(IOException failure) {
        @Nullable String message = failure.getMessage();
        return message == null || message.isBlank()
                ? "an unknown error (" + failure.getClass().getSimpleName() + ")"
                : OneLine.of(message.strip());
    }

    private static String quoted(FileSystemException about) {
        return "'" + OneLine.of(String.valueOf(about.getFile())) + "'";
    }
}

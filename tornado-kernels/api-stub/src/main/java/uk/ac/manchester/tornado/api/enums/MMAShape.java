package uk.ac.manchester.tornado.api.enums;

/** Signatures of the shapes of a product on tensor cores. */
public enum MMAShape {
    M16N8K16,
    M16N8K32
}

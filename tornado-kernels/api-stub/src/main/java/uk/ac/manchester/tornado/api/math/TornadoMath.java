package uk.ac.manchester.tornado.api.math;

/** Signatures of TornadoVM's single-precision functions, with their results in plain Java. */
public class TornadoMath {

    private TornadoMath() {}

    public static float max(float a, float b) {
        return Math.max(a, b);
    }

    public static float abs(float a) {
        return Math.abs(a);
    }

    public static float exp(float value) {
        return (float) Math.exp(value);
    }

    public static float sqrt(float value) {
        return (float) Math.sqrt(value);
    }
}

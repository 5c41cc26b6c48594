package io.fastforward.spi.model;

/** What a linear map does in a decoder layer, in the order in which checkpoints are written. */
public enum MapRole {
    /** Hidden state to queries. */
    QUERY("query"),
    /** Hidden state to keys. */
    KEY("key"),
    /** Hidden state to values. */
    VALUE("value"),
    /** Attention's features back to the hidden state. */
    ATTENTION_OUTPUT("output"),
    /** Hidden state to what the activation is applied to, in a gated MLP. */
    GATE("gate"),
    /** Hidden state to the MLP's channels (OPT: fc1). */
    UP("up"),
    /** The MLP's features back to the hidden state (down, OPT: fc2). */
    MLP_OUTPUT("output");

    private final String label;

    MapRole(String label) {
        this.label = label;
    }

    /** What people call it within its module. */
    public String label() {
        return label;
    }

    /** Whether it is the map at the end of its module, which sees the features. */
    public boolean isOutput() {
        return this == ATTENTION_OUTPUT || this == MLP_OUTPUT;
    }
}

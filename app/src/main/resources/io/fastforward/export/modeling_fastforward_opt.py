"""An OPT whose layers have different widths: what FastForward leaves after pruning heads and MLP channels.

    AutoModelForCausalLM.from_pretrained(directory, trust_remote_code=True)

config.json keeps the sizes of the source model, so that everything that is not a layer's own is read as usual, and adds
one number a layer: `layer_head_num` heads, `layer_kv_head_num`, which is the same, and `layer_inter_size` channels.
`head_dim` is explicit, because it no longer follows from the number of heads.
Tried with transformers 4.57, 5.17 and 5.18.
"""
import copy

from torch import nn
from transformers import OPTConfig, OPTForCausalLM, OPTModel
from transformers.models.opt.modeling_opt import OPTAttention, OPTDecoder, OPTDecoderLayer


class FastForwardOPTConfig(OPTConfig):
    """The lists are attributes like any other key that the source's config class does not know."""

    model_type = "fastforward_opt"


class FastForwardOPTAttention(OPTAttention):
    """Attention with fewer heads than fill the hidden size.

    The source's class knows one size for the hidden state and for all heads together. It is built with that of the
    heads, which its computation goes by, and gets projections from and to the hidden state.
    """

    def __init__(self, config, layer_idx):
        own = copy.copy(config)
        own.num_attention_heads = config.layer_head_num[layer_idx]
        own.hidden_size = own.num_attention_heads * config.head_dim
        super().__init__(own, layer_idx)
        self.config = config  # the one that set_attn_implementation() changes
        for name in ("q_proj", "k_proj", "v_proj"):
            setattr(self, name, nn.Linear(config.hidden_size, own.hidden_size, bias=config.enable_bias))
        self.out_proj = nn.Linear(own.hidden_size, config.hidden_size, bias=config.enable_bias)


class FastForwardOPTDecoderLayer(OPTDecoderLayer):
    """The layer of the source, built with its own sizes."""

    def __init__(self, config, layer_idx):
        own = copy.copy(config)
        own.ffn_dim = config.layer_inter_size[layer_idx]
        super().__init__(own, layer_idx)
        self.self_attn = FastForwardOPTAttention(config, layer_idx)


class FastForwardOPTDecoder(OPTDecoder):
    """The decoder of the source without its layers, and then with layers of different widths."""

    config_class = FastForwardOPTConfig
    _no_split_modules = ["FastForwardOPTDecoderLayer"]

    def __init__(self, config):
        no_layers = copy.copy(config)
        no_layers.num_hidden_layers = 0
        super().__init__(no_layers)
        self.config = config
        self.layers = nn.ModuleList([FastForwardOPTDecoderLayer(config, i) for i in range(config.num_hidden_layers)])
        self.post_init()


class FastForwardOPTModel(OPTModel):
    config_class = FastForwardOPTConfig
    _no_split_modules = ["FastForwardOPTDecoderLayer"]

    def __init__(self, config):
        super(OPTModel, self).__init__(config)  # skips the constructor that builds the source's decoder
        self.decoder = FastForwardOPTDecoder(config)
        self.post_init()


class FastForwardOPTForCausalLM(OPTForCausalLM):
    config_class = FastForwardOPTConfig
    _no_split_modules = ["FastForwardOPTDecoderLayer"]

    def __init__(self, config):
        super(OPTForCausalLM, self).__init__(config)  # skips the constructor that builds the source's model
        self.model = FastForwardOPTModel(config)
        self.lm_head = nn.Linear(config.word_embed_proj_dim, config.vocab_size, bias=False)
        self.post_init()

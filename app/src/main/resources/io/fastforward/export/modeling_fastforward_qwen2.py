"""A Qwen2 whose layers have different widths: what FastForward leaves after pruning heads and MLP channels.

    AutoModelForCausalLM.from_pretrained(directory, trust_remote_code=True)

config.json keeps the sizes of the source model, so that everything that is not a layer's own is read as usual, and adds
one number a layer: `layer_head_num` query heads, `layer_kv_head_num` key/value heads and `layer_inter_size` channels.
`head_dim` is explicit, because it no longer follows from the number of heads.
Tried with transformers 4.57, 5.17 and 5.18.
"""
import copy

import transformers
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer, Qwen2Model


class FastForwardQwen2Config(Qwen2Config):
    """The lists are attributes like any other key that the source's config class does not know."""

    model_type = "fastforward_qwen2"

    @classmethod
    def from_dict(cls, config_dict, **kwargs):
        """Rotary settings are in `rope_parameters` alone; transformers 4 has other names for them."""
        rotary = config_dict.get("rope_parameters")
        if rotary and transformers.__version__.startswith("4."):
            scaling = {key: value for key, value in rotary.items() if key != "rope_theta"}
            config_dict = {key: value for key, value in config_dict.items() if key != "rope_parameters"}
            config_dict["rope_theta"] = rotary["rope_theta"]
            config_dict["rope_scaling"] = None if scaling["rope_type"] == "default" else scaling
        return super().from_dict(config_dict, **kwargs)


class FastForwardQwen2DecoderLayer(Qwen2DecoderLayer):
    """The layer of the source, built with its own sizes."""

    def __init__(self, config, layer_idx):
        own = copy.copy(config)
        own.num_attention_heads = config.layer_head_num[layer_idx]
        own.num_key_value_heads = config.layer_kv_head_num[layer_idx]
        own.intermediate_size = config.layer_inter_size[layer_idx]
        super().__init__(own, layer_idx)
        self.self_attn.config = config  # the one that set_attn_implementation() changes


class FastForwardQwen2Model(Qwen2Model):
    """The decoder of the source; its layers are never built at full width."""

    config_class = FastForwardQwen2Config
    _no_split_modules = ["FastForwardQwen2DecoderLayer"]

    def __init__(self, config):
        no_layers = copy.copy(config)
        no_layers.num_hidden_layers = 0
        super().__init__(no_layers)
        self.config = config
        self.layers = nn.ModuleList([FastForwardQwen2DecoderLayer(config, i) for i in range(config.num_hidden_layers)])
        self.post_init()


class FastForwardQwen2ForCausalLM(Qwen2ForCausalLM):
    config_class = FastForwardQwen2Config
    _no_split_modules = ["FastForwardQwen2DecoderLayer"]

    def __init__(self, config):
        super(Qwen2ForCausalLM, self).__init__(config)  # skips the constructor that builds the source's decoder
        self.model = FastForwardQwen2Model(config)
        self.vocab_size = config.vocab_size
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

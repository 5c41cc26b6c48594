"""A Mistral whose layers have different widths: what FastForward leaves after pruning heads and MLP channels.

    AutoModelForCausalLM.from_pretrained(directory, trust_remote_code=True)

config.json keeps the sizes of the source model, so that everything that is not a layer's own is read as usual, and adds
one number a layer: `layer_head_num` query heads, `layer_kv_head_num` key/value heads and `layer_inter_size` channels.
`head_dim` is explicit, because it no longer follows from the number of heads.
Tried with transformers 4.57, 5.17 and 5.18.
"""
import copy

import transformers
from torch import nn
from transformers import MistralConfig, MistralForCausalLM
from transformers.models.mistral.modeling_mistral import MistralDecoderLayer, MistralModel


class FastForwardMistralConfig(MistralConfig):
    """The lists are attributes like any other key that the source's config class does not know."""

    model_type = "fastforward_mistral"

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


class FastForwardMistralDecoderLayer(MistralDecoderLayer):
    """The layer of the source, built with its own sizes."""

    def __init__(self, config, layer_idx):
        own = copy.copy(config)
        own.num_attention_heads = config.layer_head_num[layer_idx]
        own.num_key_value_heads = config.layer_kv_head_num[layer_idx]
        own.intermediate_size = config.layer_inter_size[layer_idx]
        super().__init__(own, layer_idx)
        self.self_attn.config = config  # the one that set_attn_implementation() changes


class FastForwardMistralModel(MistralModel):
    """The decoder of the source; its layers are never built at full width."""

    config_class = FastForwardMistralConfig
    _no_split_modules = ["FastForwardMistralDecoderLayer"]

    def __init__(self, config):
        no_layers = copy.copy(config)
        no_layers.num_hidden_layers = 0
        super().__init__(no_layers)
        self.config = config
        self.layers = nn.ModuleList([FastForwardMistralDecoderLayer(config, i) for i in range(config.num_hidden_layers)])
        self.post_init()


class FastForwardMistralForCausalLM(MistralForCausalLM):
    config_class = FastForwardMistralConfig
    _no_split_modules = ["FastForwardMistralDecoderLayer"]

    def __init__(self, config):
        super(MistralForCausalLM, self).__init__(config)  # skips the constructor that builds the source's decoder
        self.model = FastForwardMistralModel(config)
        self.vocab_size = config.vocab_size
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

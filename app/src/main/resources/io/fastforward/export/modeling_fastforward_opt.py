"""An OPT whose layers have different widths: what FastForward leaves after pruning heads and MLP channels.

    AutoModelForCausalLM.from_pretrained(directory, trust_remote_code=True)

config.json keeps the sizes of the source model, so that everything that is not a layer's own is read as usual, and adds
one number a layer: `layer_head_num` heads, `layer_kv_head_num`, which is the same, and `layer_inter_size` channels.
`head_dim` is explicit, because it no longer follows from the number of heads. Where values are narrower than queries and
keys, `layer_value_head_dim` has their width. A number of 0 stands for a module that is gone, with its normalisation.
Where `output_bias` is true, `out_proj` and `fc2` have biases even if `enable_bias` is false.
Tried with transformers 4.57, 5.17 and 5.18; narrow values with 5.17.
"""
import copy

import torch
from torch import nn
from transformers import OPTConfig, OPTForCausalLM, OPTModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.opt.modeling_opt import (
    OPTAttention, OPTDecoder, OPTDecoderLayer, eager_attention_forward)


class FastForwardOPTConfig(OPTConfig):
    """The lists are attributes like any other key that the source's config class does not know."""

    model_type = "fastforward_opt"


def has_output_bias(config):
    return config.enable_bias or getattr(config, "output_bias", False)


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
        self.out_proj = nn.Linear(own.hidden_size, config.hidden_size, bias=has_output_bias(config))


class NarrowValueAttention(FastForwardOPTAttention):
    """Attention whose values are narrower than its queries and keys, also in the cache.

    Eager attention and that of PyTorch take them as they are. Others (flash attention) want one width, so they get values
    filled up with zeros, which change nothing, as in the classes of transformers that have narrower values themselves.
    """

    def __init__(self, config, layer_idx):
        super().__init__(config, layer_idx)
        self.value_head_dim = config.layer_value_head_dim[layer_idx]
        width = self.num_heads * self.value_head_dim
        self.v_proj = nn.Linear(config.hidden_size, width, bias=config.enable_bias)
        self.out_proj = nn.Linear(width, config.hidden_size, bias=has_output_bias(config))

    def forward(self, hidden_states, past_key_values=None, attention_mask=None, output_attentions=False, **kwargs):
        shape = hidden_states.shape[:-1]
        query, key, value = (
            projected.view(*shape, self.num_heads, -1).transpose(1, 2)
            for projected in (self.q_proj(hidden_states) * self.scaling, self.k_proj(hidden_states),
                              self.v_proj(hidden_states)))
        if past_key_values is not None:
            places = {"cache_position": kwargs.get("cache_position")}
            key, value = past_key_values.update(key, value, self.layer_idx, places)
        kind = self.config._attn_implementation
        if kind not in ("eager", "sdpa"):
            value = nn.functional.pad(value, (0, self.head_dim - self.value_head_dim))
        attend = eager_attention_forward if kind == "eager" else ALL_ATTENTION_FUNCTIONS[kind]
        output, weights = attend(
            self, query, key, value, attention_mask, dropout=self.dropout if self.training else 0.0, scaling=1.0,
            **kwargs)
        return self.out_proj(output[..., :self.value_head_dim].reshape(*shape, -1)), weights


class NoAttention(nn.Module):
    """An attention that adds nothing. It keeps one number a token in the cache, by whose length others count tokens."""

    def __init__(self, layer_idx):
        super().__init__()
        self.layer_idx = layer_idx

    def forward(self, hidden_states, past_key_values=None, **kwargs):
        if past_key_values is not None:
            token = hidden_states.new_zeros(hidden_states.shape[0], 1, hidden_states.shape[1], 1)
            past_key_values.update(token, token, self.layer_idx)
        return torch.zeros_like(hidden_states), None


class NoOutput(nn.Module):
    """An MLP, or the end of one, that adds nothing."""

    def forward(self, hidden_states):
        return torch.zeros_like(hidden_states)


class FastForwardOPTDecoderLayer(OPTDecoderLayer):
    """The layer of the source, built with its own sizes."""

    def __init__(self, config, layer_idx):
        own = copy.copy(config)
        own.ffn_dim = config.layer_inter_size[layer_idx] or 1
        super().__init__(own, layer_idx)
        self.fc2 = nn.Linear(own.ffn_dim, config.hidden_size, bias=has_output_bias(config))
        if config.layer_head_num[layer_idx] == 0:
            self.self_attn = NoAttention(layer_idx)
            self.self_attn_layer_norm = nn.Identity()
        elif getattr(config, "layer_value_head_dim", None):
            self.self_attn = NarrowValueAttention(config, layer_idx)
        else:
            self.self_attn = FastForwardOPTAttention(config, layer_idx)
        if config.layer_inter_size[layer_idx] == 0:
            self.fc1 = nn.Identity()
            self.fc2 = NoOutput()
            self.final_layer_norm = nn.Identity()


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

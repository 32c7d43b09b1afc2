"""A small embedding model with random weights and the bundled model's words."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from indexer.embedding import bundled_folder


def write_tiny_embedder(folder: Path) -> None:
    """Write a model of 32 dimensions, with prompts for queries and documents, that reads 40 tokens.

    Args:
        folder: Where to; made.
    """
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(bundled_folder() / "tokenizer.json"),
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    torch.manual_seed(7)
    with TemporaryDirectory() as base:
        BertModel(config).save_pretrained(base)
        tokenizer.save_pretrained(base)
        transformer = Transformer(base, max_seq_length=40)
    prompts = {"query": "find this: ", "document": "a passage to be found: "}
    model = SentenceTransformer(
        modules=[transformer, Pooling(32, pooling_mode="mean")], prompts=prompts, device="cpu"
    )
    model.save(str(folder), create_model_card=False)

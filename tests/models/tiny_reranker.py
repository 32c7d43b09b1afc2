"""A small cross-encoder with random weights and the bundled model's words."""

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from indexer.embedding import bundled_folder


def write_tiny_reranker(folder: Path, *, outputs: int = 1) -> None:
    """Write a model that reads a question and a passage of 60 tokens together.

    Args:
        folder: Where to; made.
        outputs: Scores that it gives for each pair.
    """
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(bundled_folder() / "tokenizer.json"),
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=60,
    )
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=outputs,
        initializer_range=0.2,
    )
    torch.manual_seed(7)
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)

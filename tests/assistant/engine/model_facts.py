"""What llama.cpp would say of models that are not there."""

from assistant.engine.types import ModelFacts


def facts_of(template: str, *, architecture: str = "llama", name: str = "") -> ModelFacts:
    """Describe a model with a chat template of its own."""
    return ModelFacts(
        architecture=architecture,
        name=name,
        description="",
        template=template,
        bos_text="<BOS>",
        eos_text="<EOS>",
        context_tokens=8192,
        trained_context_tokens=8192,
        layers=2,
        gpu_layers=0,
        device="CPU",
        is_gpu_build=False,
        threads=1,
        parameters=1,
        size_bytes=1,
    )

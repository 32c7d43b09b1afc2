"""Tests of choosing one model of a repository."""

import pytest

from assistant.engine.pull.choosing import HubFile, Offer, choose, choose_file, list_offers
from assistant.errors import DownloadError

GB = 1_000_000_000
REPOSITORY = "acme/Robo-GGUF"


def files(**sizes_gb: float) -> list[HubFile]:
    """Make a repository of one model: quantisation to size."""
    return [
        HubFile(path=f"Robo-8B-{name}.gguf", size_bytes=int(size * GB), sha256="")
        for name, size in sizes_gb.items()
    ]


ROBO = [
    *files(BF16=16, Q8_0=8.5, Q6_K=6.6, Q4_K_M=4.9, Q2_K=3.1),
    HubFile(path="mmproj-Robo-8B-F16.gguf", size_bytes=GB, sha256=""),
    HubFile(path="README.md", size_bytes=1000, sha256=""),
]


def chosen(from_files: list[HubFile], quantisation: str = "", *memories_gb: float) -> Offer:
    """Choose as the command does."""
    memories = [int(memory * GB) for memory in memories_gb]
    return choose(from_files, repository=REPOSITORY, quantisation=quantisation, memories_bytes=memories)


@pytest.mark.parametrize(
    ("memories_gb", "quantisation"),
    [
        ((140,), "Q8_0"),
        ((10,), "Q8_0"),
        ((9,), "Q6_K"),
        ((7,), "Q4_K_M"),
        ((8, 64), "Q6_K"),
        ((4, 16), "Q8_0"),
    ],
)
def test_the_largest_common_one_that_fits_is_taken(memories_gb: tuple[float, ...], quantisation: str) -> None:
    """The first memory that holds any decides: better whole on the GPU than larger beside it."""
    assert chosen(ROBO, "", *memories_gb).quantisation == quantisation


def test_where_nothing_fits_everything_is_named() -> None:
    """The person sees what there is, sizes and all."""
    with pytest.raises(DownloadError, match=r"4\.0 GB of memory.*BF16 \(16\.0 GB\).*Q2_K \(3\.1 GB\)"):
        chosen(ROBO, "", 4)


@pytest.mark.parametrize("quantisation", ["Q2_K", "q2_k", "bf16"])
def test_whoever_names_a_quantisation_gets_it(quantisation: str) -> None:
    """In any case, uncommon or not, fitting or not."""
    assert chosen(ROBO, quantisation).quantisation == quantisation.upper()


def test_a_quantisation_that_is_not_there_names_the_others() -> None:
    """Nothing like it is taken in its place."""
    with pytest.raises(DownloadError, match=r"holds no Q5_K_M; there are .*Q6_K"):
        chosen(ROBO, "Q5_K_M")


def test_a_publishers_own_mark_may_be_left_out() -> None:
    """`UD-Q4_K_XL` is found as Q4_K_XL."""
    (file,) = files(**{"UD-Q4_K_XL": 5})
    assert chosen([file], "q4_k_xl").quantisation == "UD-Q4_K_XL"


def test_parts_are_one_model() -> None:
    """Their sizes count together, and they come in order."""
    parts = [
        HubFile(path=f"Q8_0/Big-Q8_0-0000{n}-of-00003.gguf", size_bytes=GB, sha256="") for n in (3, 1, 2)
    ]
    offer = chosen(parts, "Q8_0")
    assert [file.path[-19:] for file in offer.files] == [f"-0000{n}-of-00003.gguf"[-19:] for n in (1, 2, 3)]
    assert offer.size_bytes == 3 * GB
    assert choose_file(parts, repository=REPOSITORY, path=parts[0].path) == offer


def test_a_folder_may_name_the_quantisation() -> None:
    """Some publishers name only the folder after it."""
    file = HubFile(path="Q4_K_M/model.gguf", size_bytes=GB, sha256="")
    assert list_offers([file])[0].quantisation == "Q4_K_M"


def test_a_model_whose_parts_are_missing_is_refused() -> None:
    """It could not be loaded."""
    part = HubFile(path="Big-Q8_0-00001-of-00003.gguf", size_bytes=GB, sha256="")
    with pytest.raises(DownloadError, match="parts are missing"):
        chosen([part], "", 64)


def test_of_several_models_one_must_be_named() -> None:
    """Which of them is meant cannot be told by size."""
    others = [HubFile(path="Robo-1B-Q8_0.gguf", size_bytes=GB, sha256="")]
    with pytest.raises(DownloadError, match=r"several models; there are .*Robo-1B-Q8_0\.gguf"):
        chosen([*ROBO, *others], "", 64)
    with pytest.raises(DownloadError, match=r"2 models in Q8_0"):
        chosen([*ROBO, *others], "Q8_0")


def test_a_single_file_need_not_say_its_quantisation() -> None:
    """There is nothing to choose."""
    file = HubFile(path="robo.gguf", size_bytes=GB, sha256="")
    assert chosen([file], "", 8).files == (file,)


def test_a_repository_without_gguf_says_so() -> None:
    """Models in other formats are of no use."""
    with pytest.raises(DownloadError, match="holds no GGUF file"):
        chosen([HubFile(path="model.safetensors", size_bytes=GB, sha256="")], "", 8)


def test_a_projector_comes_only_by_its_name() -> None:
    """It is no model, and may be wanted all the same."""
    projector = "mmproj-Robo-8B-F16.gguf"
    assert choose_file(ROBO, repository=REPOSITORY, path=projector).files[0].path == projector
    assert all("mmproj" not in offer.name for offer in list_offers(ROBO))


def test_a_file_that_is_not_there_names_those_that_are() -> None:
    """A wrong name costs nothing."""
    with pytest.raises(DownloadError, match=r"there is no file nope\.gguf .*Robo-8B-Q8_0\.gguf"):
        choose_file(ROBO, repository=REPOSITORY, path="nope.gguf")

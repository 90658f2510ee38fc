"""Which files are videos: by their names, and by their content where a name is not enough."""

from pathlib import Path

import pytest

from tests.videos import write_clip
from wespe.networks.inference.plan import plan
from wespe.photos.video.source import count_packets, is_video

TYPESCRIPT = b"export const GAMMA: number = 2.2;\n" * 100


def test_a_transport_stream_is_told_from_a_program_of_the_same_suffix(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in" / "clip.ts", 6)
    (tmp_path / "in" / "code.ts").write_bytes(TYPESCRIPT)
    (tmp_path / "in" / "g.TS").write_bytes(b"G" * 100)
    found = plan([tmp_path / "in"], out=tmp_path / "out")
    assert found.outputs == {clip: tmp_path / "out" / "clip.mkv"}
    assert found.passed_over == 2
    assert not found.failed
    assert count_packets(clip) == 6
    alone = plan([tmp_path / "in" / "code.ts"], out=tmp_path / "out")
    assert [*alone.outputs.values()] == [tmp_path / "out" / "code.ts"]


@pytest.mark.parametrize(("before", "behind"), [(4, 0), (0, 16)])
def test_packets_with_times_or_check_sums_are_known(
    tmp_path: Path, before: int, behind: int
) -> None:
    packets = b"".join(bytes(before) + b"G" + bytes(187 + behind) for _ in range(8))
    for start in (0, 100):
        (tmp_path / "a.ts").write_bytes(packets[start:])
        assert is_video(tmp_path / "a.ts")


def test_what_is_not_there_is_no_video_unless_its_name_says_so(tmp_path: Path) -> None:
    assert not is_video(tmp_path / "a.ts")
    assert is_video(tmp_path / "a.MTS")
    assert not is_video(tmp_path / "a.jpg")

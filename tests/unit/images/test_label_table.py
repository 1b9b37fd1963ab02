"""Tables of names and classes, as people and Hugging Face write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.passed_over import PassedOver
from tests.helpers.folders import draw_tree


def test_a_flat_folder_takes_its_classes_from_a_table(tmp_path, make_folder):
    root = make_folder(classes=2, each=1)
    flat = tmp_path / "flat"
    flat.mkdir()
    for number in (0, 1):
        (root / f"class{number}/000.png").rename(flat / f"p{number}.png")
    table = tmp_path / "labels.csv"
    table.write_text("name,class\np0.png,cat\np1.png,dog\n")
    listed = scan(flat, table).records
    assert [record.key for record in listed] == [("cat", "p0"), ("dog", "p1")] == list(listed.keys())
    assert [record.path.name for record in listed] == ["p0.png", "p1.png"] and all(
        Path(record.path).is_file() for record in listed
    )
    for text, words in [
        ("p0.png,cat\n", "p1.png"),
        ("p0.png,cat\np1.png,dog\n../x.png,dog\n", "../x.png"),
        ("p0.png\n", "not name,class"),
        ("p0.png,a/b\np1.png,dog\n", "control characters"),
    ]:
        table.write_text(text)
        with pytest.raises(InputError, match=words):
            scan(flat, table)


TABLES: dict[str, str] = {
    "name,class": "name,class\n1.png,cat\n2.png,dog\n",
    "no header": "1.png,cat\n2.png,dog\n",
    "Hugging Face's": "file_name,label\n1.png,cat\n2.png,dog\n",
    "in another order, with others beside": 'id,Label,text,File_Name\n0,cat,a cat,1.png\n1,dog,"a dog, barking",2.png\n',
    "of paths": "path,category\n./1.png,cat\n./2.png,dog\n",
    "with a mark of its bytes": "\ufefffilename,class\n1.png,cat\n\n2.png,dog\n",
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES.keys())
def test_a_first_line_names_the_columns(tmp_path, text):
    draw_tree(tmp_path / "flat", ["1", "2"])
    (tmp_path / "flat/metadata.csv").write_text(text)
    passed_over = PassedOver(tmp_path)
    found = scan(tmp_path / "flat", tmp_path / "flat/metadata.csv", passed_over).records
    assert [record.key for record in found] == [("cat", "1"), ("dog", "2")]
    assert passed_over.counts == ({"column of metadata.csv": 2} if "text" in text else {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file_name,text\n1.png,cat\n", "has no column of classes: call one label, class or category"),
        ("img,label\n1.png,cat\n", "has no column of names: call one file_name, filename, name, image or path"),
        ("file_name,label\n1.png,cat\n2.png\n", "are not like its first line: line 3: 2.png"),
        ("file_name,label\n1.png,cat\n2.png,\n", "are not like its first line: line 3: 2.png,"),
        ("1.png,cat\n\n2.png,dog,x\n", "are not name,class: line 3: 2.png,dog,x"),
        ("1.png,cat\n2.png,dog\nthree.heic,dog\n", "formats that are not supported; convert them to PNG or JPEG: .*three.heic"),
        ("1.png,cat\n2.png,dog\nfour.txt,dog\n", "files are no images.*four.txt"),
    ],
)
def test_what_a_table_lacks_is_said_with_its_line(tmp_path, text, words):
    draw_tree(tmp_path / "flat", ["1", "2", "three.heic", "four.txt"])
    if "three" not in text:
        (tmp_path / "flat/three.heic").unlink()
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        scan(tmp_path / "flat", tmp_path / "table.csv")


def test_images_of_folders_that_a_table_does_not_name_are_told(tmp_path):
    draw_tree(tmp_path, ["a/1", "a/2", "b/3", "@eaDir/4"])
    (tmp_path / "table.csv").write_text("a/1.png,cat\na/2.png,dog\n")
    passed_over = PassedOver(tmp_path)
    assert len(scan(tmp_path, tmp_path / "table.csv", passed_over).records) == 2
    assert passed_over.pairs() == [("@eaDir", "left by a system"), ("b/3.png", "not in the table")]


@pytest.mark.parametrize(
    ("tables", "said"), [(["metadata.csv", "other.csv"], "metadata.csv"), (["x.csv"], "x.csv"), (["x.csv", "y.csv"], "")]
)
def test_a_flat_folder_with_a_table_hears_of_it(tmp_path, tables, said):
    draw_tree(tmp_path, ["1", "2", *tables])
    with pytest.raises(InputError) as refused:
        scan(tmp_path)
    way = f"give {tmp_path} itself with `labels='{tmp_path / said}'`, which is there"
    assert str(refused.value).endswith(way if said else "name each image's class with `labels`")

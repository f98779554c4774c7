"""Inside the PDF: what was asked, what was found and where it comes from, the same bytes each time."""

import csv
import hashlib
import json
from io import StringIO

from audit.report.formats.attachments import enclosed
from audit.store.store import to_json
from tests.report import examples


def test_files_come_in_the_order_of_their_names_with_the_spec_as_it_was_written() -> None:
    files = enclosed(examples.audit(), b"version: 1\n")
    names = [file.name for file in files]
    assert names == sorted(names) and {file.name: file.content for file in files}["spec.source.yaml"] == b"version: 1\n"
    assert files == enclosed(examples.audit(), b"version: 1\n")
    assert len(enclosed(examples.audit())) == len(files) - 1


def test_each_file_holds_what_it_says() -> None:
    audit = examples.audit()
    content = {file.name: file.content for file in enclosed(audit)}
    assert content["results.json"] == to_json(audit)
    assert json.loads(content["spec.resolved.json"]) == json.loads(to_json(audit.spec))
    assert len(list(csv.DictReader(StringIO(content["metrics.csv"].decode())))) > 0
    digests = json.loads(content["provenance.json"])["sha256"]
    assert digests["results"] == hashlib.sha256(content["results.json"]).hexdigest()
    assert digests["model"] == audit.facts.network.digest

"""Run an audit from Python: what the command line does, in a few lines.

python examples/audit_in_python.py
"""

from pathlib import Path

import audit

spec = audit.load_spec(Path(__file__).parent.parent / "specs" / "digits.yaml")
print("\n".join(audit.plan(spec).lines()))

finished = audit.run(spec, out="runs/python")
for verdict in finished.audit.verdicts:
    print(f"{verdict.method:<22} {verdict.requirement:<28} {verdict.outcome:<14} {verdict.reason}")

again = audit.judge("runs/python", spec)  # thresholds may differ: nothing is computed anew
files = audit.render("runs/python").paths
print(again.sentence, "report:", files["html"], sep="\n")

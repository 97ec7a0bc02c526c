"""The leakage proof. `docs/leakage.md` states its domain and its rules.

`needs` is the domain, `facts` what is known of the instants of a row, `relation` and `scope` what
the rules work on. Each `rule_…` module has the rules of a family of operators, `judge` compares
what a feature needs with its row's own instants.
"""

from featuresql.compiler.leakage.prove_leakage import Known, Proof, prove_leakage
from featuresql.spec.verdict import Verdict

__all__ = ["Known", "Proof", "Verdict", "prove_leakage"]

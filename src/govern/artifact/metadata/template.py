"""The metadata file that `govern init` writes: it explains itself.

A line that begins with `# ` explains. A line that begins with `#` and a word is an example: taking the `#` away
makes it count. So the fresh file is valid, and says nothing that nobody said.
"""

from __future__ import annotations

from typing import Final, Literal

_TEXT: Final = """\
# govern.yaml - what only people know about this {kind}.
# What git, CI and the machine know is captured at the push.
# Lines like "#owners:" are examples: remove the # and change the value. Everything is optional;
# what must be there is for your policy to say. This file is not part of the artifact, but what it
# says is signed with it and stays for ever: no secrets, no e-mail addresses, no personal data.

# --- What it is -----------------------------------------------------------------------------------
# model or dataset.
kind: {kind}

# Only if they differ from the reference of the push (REGISTRY/acme/fraud:1.4.0).
# Asked by: AI Act Annex IV 1(a) (relation to previous versions), Annex VIII A (traceability).
#name: acme/fraud
#version: 1.4.0
#previous_version: 1.3.2

#description: Scores card payments for fraud.

# --- Who answers for it ---------------------------------------------------------------------------
# Ids from your policy: people, teams or roles.
# Asked by: AI Act Article 17(1)(m); NIST AI RMF GOVERN 2.1; ISO/IEC 42001 A.3.2.
#owners: [fraud-team]
#contact: fraud-team-lead

# --- Terms of use ---------------------------------------------------------------------------------
# An SPDX expression; LicenseRef-... for terms of your own.
# Asked by: AI Act Annex XI 1 and Annex XII (general-purpose models); SPDX 3 AI profile.
#licence: Apache-2.0

# --- Purpose and limits ---------------------------------------------------------------------------
# none, minimal, limited, high, gpai or gpai-systemic.
# Asked by: AI Act Articles 6, 50, 51 and 55; NIST AI RMF MAP 1.1.
#risk_class: high

# Asked by: AI Act Articles 11 and 13(3), Annex IV 1 to 3; NIST AI RMF MAP 1.1 and 2.2; model cards.
#intended_purpose: Decision support for analysts who review card payments.
#foreseeable_misuse: Declining payments without a person's review.
#limitations: Not measured on business cards, nor on payments above 10000 EUR.
#ethical_considerations: False alarms delay people's payments; see the fairness metrics.

# Asked by: AI Act Article 14, Annex IV 2(e).
#human_oversight: An analyst confirms or lifts every block within an hour.

# The model or data card, inside this directory.
# Asked by: AI Act Articles 11 and 13; ISO/IEC 42001 A.8.2.
#card: README.md

# --- What it was made from ------------------------------------------------------------------------
# Each entry says where in one of three ways: the path of a directory that `govern pull` made, a
# reference into a registry, or a uri with its digest or with another system's revision. The path is
# best: its govern.lock knows what was used, where a tag may have moved since.
# role: train, validation, test, base or other. system: dvc, hf, git, lakefs, delta or other.
# Asked by: AI Act Article 10(2)(b) and Annex IV 2(d); ISO/IEC 42001 A.7.5; SLSA Provenance.
#datasets:
#  - path: ../data/transactions
#    role: train
#  - reference: registry.example.com/acme/transactions-test:2026.10
#    role: test
#  - uri: s3://acme-data/holdout.parquet
#    digest: sha256:0000000000000000000000000000000000000000000000000000000000000000
#    role: validation
#  - uri: https://git.example.com/acme/data
#    system: dvc
#    revision: 8f14e45fceea167a5a36dedd4bea2543

# Asked by: AI Act Article 15(5) and Annex IV 2(a); NIST AI RMF MAP 4.1 and MANAGE 3.2.
#base_models:
#  - reference: registry.example.com/acme/encoder:2.0
#    role: base

# --- How data was collected and prepared ----------------------------------------------------------
# Asked by: AI Act Article 10(2) to 10(5); ISO/IEC 42001 A.7.2 to A.7.6; Croissant RAI.
#data:
#  collection: Card payments of 2025 from the core banking system.
#  original_purpose: Carrying out payments.
#  preparation: Labelled by analysts; card numbers replaced by random ids; duplicates removed.
#  assumptions: A charge-back within 90 days stands for fraud.
#  suitability: 41 million payments, 0.2 % of them fraud.
#  setting: Private customers in Germany and Austria.
#  bias: Compared by age group and by country; see the fairness metrics.
#  special_categories: None are used.
#  gaps: Few payments of customers under 21.

# --- How it was made ------------------------------------------------------------------------------
# Only if the code is not the git repository that pushes.
# Asked by: AI Act Article 12 and Annex IV 2(a); SLSA Build L1; NIST SSDF PS.3.
#code:
#  repository: https://git.example.com/acme/fraud
#  commit: 3f786850e387550fdab836ed7e6dc881de23001b
#  entry_point: train.py
#  path: ../src

# Asked by: AI Act Annex IV 2(c) and Annex XI 1(2)(d,e) for compute and energy; ISO/IEC 42001 A.4.4.
#training:
#  run: 0b5c3a4d
#  pipeline: https://ci.example.com/acme/fraud/train
#  started: 2026-11-20T08:00:00Z
#  finished: 2026-11-20T11:30:00Z
#  hardware: 8 x H100 80 GB
#  compute_flop: 2.1e20
#  energy_kwh: 19.6
#  seed: 42
#  framework: xgboost 2.1.1
#  lock_files: [requirements.lock]
#  logs: [train.log]

# Text, integers, true and false; nested ones with a dot.
# Asked by: AI Act Annex IV 2(b); model registries in general.
#hyperparameters:
#  max_depth: 8
#  learning_rate: 0.05
#  optimizer.name: adam
#  early_stopping: true

# --- How good it is -------------------------------------------------------------------------------
# kind: performance, fairness, robustness or other. slice: a group of persons or part of the data.
# Asked by: AI Act Articles 13(3)(b) and 15, Annex IV 2(g) and 3; NIST AI RMF MEASURE 2.3 and 2.11.
#metrics:
#  - name: auc
#    value: 0.943
#    dataset: transactions-test
#    kind: performance
#  - name: demographic_parity_ratio
#    value: 0.87
#    dataset: transactions-test
#    slice: age under 25
#    kind: fairness
"""


def metadata_template(kind: Literal["model", "dataset"] = "model") -> str:
    """Return the text of a fresh metadata file.

    Args:
        kind: what the directory holds; the only value that is set.
    """
    return _TEXT.format(kind=kind)

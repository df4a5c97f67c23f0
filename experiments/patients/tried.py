"""What the page tells of other ways, measured on the cohorts that everything is developed on."""

TRIED = """## What was tried

On the 2,000 alone, among 100 subjects that were not learnt from; image to table, table to image:

| way | first | half of the fields missing costs |
| --- | ---: | ---: |
| as configs/alignment.yaml was: encoder and heads together, 6 epochs, 860 subjects | 13.7 %, 15.7 % | 37 % |
| contrastive heads on features of the frozen encoder, 30 epochs | 35.3 %, 32.2 % | 46 % |
| the same, half of the fields dropped in training | 27.8 %, 24.9 % | 23 % |
| the same, a table encoder of half the width and depth | 33.0 %, 29.2 % | 38 % |
| contrastive heads on the table that ridge regression expects, 60 epochs | 35.9 %, 32.9 % | 54 % |
| solved in one round, gaps filled by nothing | 45.4 %, 46.7 % | 40 % |

Covariances of five common factors, and that of tables as the sum of what is expected and what is left open, find a
little more of whole tables (54.3 % to 55.4 %, 1,500 subjects) and more where tables of which half is missing teach them
(40.3 % to 42.2 %). More steps or rounds of filling gaps, or penalties chosen on known values only, find less.

Contrast finds less than the likelihood, on cached features too. Dropping half of the fields in training makes missing
fields cheaper by making whole tables worse. configs/alignment_contrastive.yaml still moves the encoder by contrast.

By the command line alone (`fit` and `test` of configs/alignment.yaml, phenotype.yaml, diagnosis.yaml and risk.yaml with
configs/additions/probe.yaml), with 1,242 of the 2,000 for training and 565 for testing, features of whole studies read
from disk: 52 % and 54 % come first of 100. From the aligned checkpoint instead of the pretrained one, with 100 labels,
the mean AUROC of diagnoses is .625 instead of .597, LVM is off by 7.2 g instead of 7.7, LAV max by 7.3 mL instead of
8.1. Risk ranks with .722 instead of .713, by expected phenotypes with .738; with covariates .748, .746 and .755 (best
possible .775).

For risk, in threefold cross-validation (concordance alone; with covariates; best possible .757): from tokens .695;
.722, with the expected table beside them .701; .723, from expected phenotypes alone .722; .743. Few events teach a few
phenotypes more than thousands of features.

## Not measured

Alignments that move the encoder for long, at full resolution, or of more subjects; soft positives; real patients.
Hearts and tables hang together here as the generator says, and heart failure is far more frequent than in a biobank.
"""

"""What was tried to make pretrained tokens worth more; by hand, on development hearts or on hearts of earlier pages."""

TRIED = """## What was tried

By hand, beside this command; only what paid is in the tables above.

* **Objective**: the plain squared error pays for brightness alone (10 to 15 % of the motion explained). What moves
  counts 20 times as much, tokens near the heart more than far ones, images are augmented, a token holds a whole beat.
* **Optimiser**: Muon for the matrices of transformer blocks. After 3 epochs at the same rate 43 % of the motion near
  the heart was explained on validation, by AdamW 30 %; hidden patches had 16.0 and 14.9 dB.
* **Readout**: what the decoder says of fixed places, beside the tokens (*whole heart* above). Principal components of
  unlabelled hearts (32 to 256), three kinds of whitening, a spectrum made flatter or steeper: none helps (30 labels,
  LVEF 3.0 to 4.7 points; 3.1 as it was). Untrained tokens or raw pixels beside it, 10 to 50 % of the kernel: LVEDV and
  left atrium a little better (7.6 for 7.8 mL, 10.6 for 11.4 mL with 30 labels), LVEF a little worse.
* **Fine-tuning** with 300 labels, six ways (rates, how much is hidden, whole studies in between): LVEF 1.36 instead of
  1.44 points at best, and worse where planes are missing (configs/additions/complete.yaml).
* **Not tried**: latent targets, a convolutional stem inside the encoder, finer patches, several times as long."""

"""What was tried to make pretrained tokens worth more; by hand, on development hearts or on hearts of earlier pages."""

TRIED = """## What was tried

By hand, beside this command; only what paid is in the tables above.

* **Objective**: the plain squared error pays for brightness alone (10 to 15 % of the motion explained). What moves
  counts 20 times as much, tokens near the heart more than far ones, images are augmented, a token holds a whole beat.
* **Optimiser**: Muon for the matrices of transformer blocks. After 3 epochs at the same rate 43 % of the motion near
  the heart was explained on validation, by AdamW 30 %; hidden patches had 16.0 and 14.9 dB. 18 epochs take as long as
  22 of AdamW (79 minutes): 59 for 54 %, 19.2 for 18.0 dB, and on other hearts, by tokens, one seed each,
  with 30 labels LVEF 2.99 for 3.13 points (4 % [-2, 12] less), LVM 8.3 for 9.6 g (13 % [4, 20]), left atrium 8.8 for
  11.4 mL (23 % [17, 29]); with 300 LVEF 1.35 for 1.64 points (18 % [8, 27]), LVEDV 4.1 for 4.9 mL (16 % [5, 26]).
  Twice the rate for matrices: 3 % less loss after 160 steps, not followed further.
* **Predicting fewer tokens a step** (35 % of the hidden ones, drawn by their weight): 3 epochs take 6 % less time and
  explain 39 instead of 41 % of the motion near the heart; not kept.
* **Longer**: 24 epochs (an hour of a core) instead of 18: 60 for 59 % of the motion, 19.4 for 19.2 dB. On hearts that
  it was trained on it is no better than on others (60.2 and 59.9 %, 96 hearts each), so more hearts promise
  little; noise leaves at least 89 % to be explained. So what 30 % of the tokens can tell may be what bounds it.
* **A larger network**: width 256 and 8 blocks instead of 192 and 6; 16 epochs, one seed, the same rates: 57 % of the
  motion and 19.0 dB, the smaller one 59 % and 19.2 dB after 18. No gain was seen; phenotypes were not asked for.
* **Latent targets** (SALT): a student also predicts, of hidden patches, the tokens of the finished network above, which
  sees the whole study; 3 epochs, one seed, 600 other hearts. Motion as before (40 for 41 %), 16.2 for 16.0 dB; with 30
  labels LVEF 3.26 for 3.43 points, LVEDV 7.7 for 8.2 mL, left atrium 9.4 for 9.3 mL. Steps take 40 % longer, and the
  teacher had 24 epochs, so whether a finished student passes its teacher is open.
* **Lengths**: heads learn the cube root of volumes and masses. On 600 other hearts, by tokens, 30 labels: LVEDV 7.1
  for 7.8 mL, LVESV 5.1 for 5.6 mL, LVM 7.6 for 8.2 g; with 300 LVM 4.2 for 4.7 g. The logarithm does the same. On the
  hearts of this page, learnt as they are, sizes were read with errors that were up to 15 % larger, by tokens and by
  controls alike. Ejection fractions gain from no other scale (logit, logarithm of what is left), nor from the volumes
  that are told.
* **Readout**: what the decoder says of fixed places, beside the tokens (*whole heart* above). Principal components of
  unlabelled hearts (32 to 256), three kinds of whitening, a spectrum made flatter or steeper: none helps (30 labels,
  LVEF 3.0 to 4.7 points; 3.1 as it was). Untrained tokens or raw pixels beside it, 10 to 50 % of the kernel: LVEDV
  and left atrium a little better (7.6 for 7.8 mL, 10.6 for 11.4 mL with 30 labels), LVEF a little worse. On the 600
  others, 30 labels: less weight for what copies of one heart disagree about, each feature by itself 2.61 for 2.65
  points and left atrium worse, their covariance 2.59 for 2.63 and volumes worse; kernels that are not linear 2.70 and
  more.
* **Fine-tuning** with 300 labels, six ways (rates, how much is hidden, whole studies in between): LVEF 1.36 instead of
  1.44 points at best, and worse where planes are missing (configs/additions/complete.yaml).
* **Trained networks**, above: 100 labels and one draw only, for time; minutes are beside other work. The ResNet's best
  rate was the lowest of its three, and it used all its steps, so it may not have been at its best.
* **Not tried**: a convolutional stem inside the encoder, finer patches in the plane."""

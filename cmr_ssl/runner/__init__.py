"""One way to go over the subjects of a folder, for every command that does.

**The law of resuming.** A subject is done if the journal has a line of it that was made with the same settings, if its
files have the names, sizes and times they had then (their fingerprint), and if what was made of it is still there. Done
subjects are left as they are; all others are worked on. So the same command, given again, goes on where it was killed,
does what is new or changed, and is free where nothing is.

**Failures.** Whatever is wrong with a subject is a line and a row with the reason, and the others go on. What says
nothing of a subject is never a line: a disk or network that fails, a source that is away, a full target, a worker that
was killed stop the command with one sentence. What may be better next time (files that changed under the reader, too
little memory, workers of a cluster that died over a subject) is a row without fingerprint, so it is tried again.

**Options** mean the same in every command that has them:

=========== ==========================================================================================================
--workers   processes of this machine that work on subjects side by side
--scheduler address of a Dask scheduler, whose workers work instead, on disks they share with the command
--shard     which part of the subjects is done, from 0, of --shards parts, each by a command of its own on one --out
--overwrite do everything again, and replace what was made with other settings
--withdrawn list of participants who withdrew: nothing of theirs is read, and what was made of it is removed
=========== ==========================================================================================================
"""

"""Which plane of a study looks wrong: each is compared with what the rest of the heart says it should show."""

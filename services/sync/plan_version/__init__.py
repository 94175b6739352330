"""Plan version: every version of every plan, and which of them an observation is compared with."""

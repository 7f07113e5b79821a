"""API keys: what one may do, how much of it, and for how long.

A key is `ps_<id>_<secret>`. The file that the service reads holds its hash; the key itself is shown once, when it is
made. Whether keys are asked for at all is the setting `keys.file`.
"""

"""The command line: the composition root, where configuration, store and harvester are put together."""

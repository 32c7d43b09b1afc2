"""The models of this machine as both faces speak of them: settings, words, and the choice of one."""

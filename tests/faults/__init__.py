"""What kb survives: kills, full disks, damaged files, clients that misbehave."""

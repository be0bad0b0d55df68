#!/bin/sh
# The last thing that happens to a machine before an image is made of it: whatever must not be the same on two instances,
# and whatever was only for the build, goes. To be run as root. Nobody can log in any more afterwards.
set -eu

# "uninitialized" makes the next boot a first boot, which gets an id of its own. An empty file would do that, too, but
# whatever asks for a first boot (ConditionFirstBoot=) would not be run.
# Its seed (of NoCloud) and its logs: those of the machine that this was.
cloud-init clean --logs --machine-id --seed
[ "$(cat /etc/machine-id)" = uninitialized ]
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret

# cloud-init makes new ones for each instance.
rm -f /etc/ssh/ssh_host_*

# What the service would be told: an image knows no environment.
rm -f /etc/files-api/instance /etc/files-api/environment

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old
journalctl --quiet --rotate
journalctl --quiet --vacuum-time=1s
find /var/log -type f ! -path '/var/log/journal/*' -exec truncate --size 0 {} +
rm -rf /var/log/files-api/*
find /tmp /var/tmp -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' ! -name 'packer*' ! -name 'script_*' -exec rm -rf {} +

# Packer's key was for this machine alone.
rm -f /root/.bash_history /root/.ssh/authorized_keys
for home in /home/*; do
    [ -d "$home" ] || continue
    rm -f "$home/.ssh/authorized_keys" "$home/.bash_history"
    rm -rf "$home/.ansible"
done
rm -rf /root/.ansible
sync

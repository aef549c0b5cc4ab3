# Runs a command on a disk that is full soon, and again once there is room. In a mount namespace of its own:
# unshare --mount sh run-twice.sh DISK SIZE KEEP COMMAND...
# The disk is a tmpfs on the folder DISK, which no other process sees; what is in it is copied to the folder KEEP.
disk=$1 size=$2 keep=$3
shift 3
mount -t tmpfs -o "size=$size" none "$disk" || exit 77
"$@" 2>"$keep/first"
echo "$?" >"$keep/first-code"
mount -o remount,size=200m "$disk"
"$@" 2>"$keep/second"
echo "$?" >"$keep/second-code"
cp -r "$disk/." "$keep"

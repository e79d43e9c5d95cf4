# The release before this checkout, built from its commit, so that tests can run it beside this one.

# release_before: the hash on the last line of deploy/releases.
release_before() { sed -E '/^[[:space:]]*(#|$)/d; s/[[:space:]].*//' "$root/deploy/releases" | tail -n 1; }

release_folder() { echo "$state_root/releases/$1"; } # COMMIT

# Whether its commit is in the clone; a shallow one has but the newest.
release_known() { git -C "$root" cat-file -e "$1^{commit}" 2>/dev/null; } # COMMIT
release_built() { [[ -e $(release_folder "$1")/built ]]; } # COMMIT

# Builds the release before, once, where it can be had; without it the tests of upgrades are skipped, and say so.
need_release_before() {
  local commit
  commit=$(release_before)
  if ! release_built "$commit"; then
    if ! release_known "$commit"; then
      note "the release before (${commit:0:7}) is not in this clone: upgrades are not tested; git fetch --unshallow"
      return 0
    fi
    note "building the release before (${commit:0:7}), once: some minutes"
    build_release_before "$commit" || return 1
  fi
  use_release_before
}

# Tests find it where it is built.
use_release_before() {
  local commit
  commit=$(release_before)
  ! release_built "$commit" || export LOODS_TEST_RELEASE=$(release_folder "$commit")/build/debug
}

# Builds its services and command line. Others wait for who began.
build_release_before() { # COMMIT
  local folder product
  folder=$(release_folder "$1")
  mkdir -p "$folder"
  (
    flock 8
    ! release_built "$1" || exit 0
    rm -rf "$folder/source"
    mkdir "$folder/source"
    git -C "$root" archive "$1" | tar -x -C "$folder/source" || exit 1
    # The versions that this checkout was resolved with, but for what it pins itself.
    [[ ! -e $root/Package.resolved ]] || cp "$root/Package.resolved" "$folder/source/"
    for product in "${products[@]}"; do
      [[ $product != catcher ]] || continue
      nice swift build --package-path "$folder/source" --scratch-path "$folder/build" --product "$product" 8>&- ||
        exit 1
    done
    touch "$folder/built"
  ) 8>>"$folder/lock"
}

# What other releases have written, or have run: it may be added to, and nothing else.
released_is_kept() {
  local commit changed
  commit=$(release_before)
  release_known "$commit" || { echo "the release before is not in this clone"; return 0; }
  changed=$(git -C "$root" diff --name-only --no-renames --diff-filter=a "$commit" -- \
    Sources/Schema/Migrations Tests/ContractsTests/Golden)
  [[ -z $changed ]] || { echo "changed since the release before: $changed"; return 1; }
}

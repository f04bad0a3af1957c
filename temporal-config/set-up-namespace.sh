#!/bin/sh
# The namespace and the search attributes that Actverse's workflows set. Can be run again at any time; needs the `temporal` command line.
# Reads TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and everything else that the command line reads.
set -eu
: "${TEMPORAL_NAMESPACE:=default}"
export TEMPORAL_NAMESPACE

# The server answers its port before it can serve.
tries=0
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then echo "the Temporal server at ${TEMPORAL_ADDRESS:-localhost:7233} is not healthy after 2 minutes" >&2; exit 1; fi
  sleep 2
done

# Histories are kept for 90 days; a task's own record in data_storage outlives them.
temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 || temporal operator namespace create --retention 90d -n "$TEMPORAL_NAMESPACE"

# A namespace that was made a moment ago is not known everywhere at once.
tries=0
until there="$(temporal operator search-attribute list 2>&1)"; do
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ]; then echo "the namespace $TEMPORAL_NAMESPACE does not answer: $there" >&2; exit 1; fi
  sleep 2
done
register() {
  case "$there" in
    *"$1"*) ;;
    *) temporal operator search-attribute create --name "$1" --type "$2" ;;
  esac
}
# domain/search-attribute-types.ts; a test compares the two.
register ActverseTaskId Keyword
register ActverseOwner Keyword
register ActverseProject Keyword
register ActverseStep Keyword
register ActverseState Keyword
register ActverseRound Int
echo "namespace $TEMPORAL_NAMESPACE is ready"

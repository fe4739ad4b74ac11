#!/bin/sh
# Generates the Python code of the contract into a folder (default: generated, beside this file).
#
#     apt-get install python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc
#     ./generate.sh
#
# protoc and python3-protobuf must fit each other: take both from one Debian. The contract imports buf/validate, google/api and google/rpc.
# Python needs code for these as well.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/generated}
repository=$here/../../../..
protocol=$repository/packages/protocol
mkdir -p "$out"
exec protoc \
  -I "$repository/proto" -I "$protocol/third-party" -I "$protocol/node_modules/google-proto-files" \
  --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" \
  --python_out="$out" --grpc_python_out="$out" \
  posthaste/v1/submission.proto posthaste/v1/status.proto posthaste/v1/explanation.proto posthaste/v1/stats.proto posthaste/v1/message.proto \
  posthaste/v1/lane.proto posthaste/v1/reason.proto posthaste/v1/error.proto posthaste/v1/http_answer.proto \
  buf/validate/validate.proto google/api/annotations.proto google/api/http.proto google/api/field_behavior.proto google/rpc/status.proto

import { create, createRegistry, toBinary, type DescFile, type DescService, type MessageInitShape, type Registry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ServiceImpl } from '@connectrpc/connect';
import { file_google_rpc_error_details } from '@posthaste/protocol';
import { ServerReflectionResponseSchema, type ServerReflection, type ServerReflectionRequest } from '@posthaste/protocol/grpc';

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

/** gRPC's server reflection: tells the contract to clients that do not have it, such as `buf curl` and grpcurl. Error details are part of it, though no file imports them. */
export function createReflectionService(services: readonly DescService[]): ServiceImpl<typeof ServerReflection> {
  const files = withImports([...services.map((service) => service.file), file_google_rpc_error_details]);
  const registry = createRegistry(...files);
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        const messageResponse = answer(request.messageRequest, services, files, registry);
        yield create(ServerReflectionResponseSchema, { validHost: request.host, originalRequest: request, messageResponse });
      }
    },
  };
}

function answer(
  asked: ServerReflectionRequest['messageRequest'],
  services: readonly DescService[],
  files: readonly DescFile[],
  registry: Registry,
): Answer {
  switch (asked.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: services.map(({ typeName }) => ({ name: typeName })) } };
    case 'fileByFilename':
      return answerFile(
        files.find(({ proto }) => proto.name === asked.value),
        asked.value,
      );
    case 'fileContainingSymbol':
      return answerFile(fileOf(asked.value, registry), asked.value);
    case 'fileContainingExtension':
      return answerFile(
        extensionsOf(asked.value.containingType, registry).find(({ number }) => number === asked.value.extensionNumber)?.file,
        asked.value.containingType,
      );
    case 'allExtensionNumbersOfType':
      return {
        case: 'allExtensionNumbersResponse',
        value: { baseTypeName: asked.value, extensionNumber: extensionsOf(asked.value, registry).map(({ number }) => number) },
      };
    default:
      return { case: 'errorResponse', value: { errorCode: Code.InvalidArgument, errorMessage: 'the request asks nothing' } };
  }
}

function answerFile(file: DescFile | undefined, asked: string): Answer {
  if (!file) return { case: 'errorResponse', value: { errorCode: Code.NotFound, errorMessage: `${asked} is not part of this contract` } };
  const fileDescriptorProto = withImports([file]).map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

/** A type, or a member of one such as `posthaste.v1.SubmissionService.Submit`. */
function fileOf(symbol: string, registry: Registry): DescFile | undefined {
  return (registry.get(symbol) ?? registry.get(symbol.slice(0, symbol.lastIndexOf('.'))))?.file;
}

function extensionsOf(typeName: string, registry: Registry) {
  return [...registry].filter((desc) => desc.kind === 'extension').filter(({ extendee }) => extendee.typeName === typeName);
}

/** The files and all that they import, each once. */
function withImports(files: readonly DescFile[]): DescFile[] {
  const found = new Map<string, DescFile>();
  const visit = (file: DescFile): void => {
    if (found.has(file.name)) return;
    found.set(file.name, file);
    file.dependencies.forEach(visit);
  };
  files.forEach(visit);
  return [...found.values()];
}

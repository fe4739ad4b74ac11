/** The contract's own message from which a plain object was made. It is not enumerable: JSON, logs and comparisons pass it over. */
export interface WithProto<M> {
  readonly proto: M;
}

export function withProto<T extends object, M>(plain: T, proto: M): T & WithProto<M> {
  return Object.defineProperty(plain, 'proto', { value: proto, enumerable: false }) as T & WithProto<M>;
}

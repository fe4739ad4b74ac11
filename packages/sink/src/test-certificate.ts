/**
 * A self-signed certificate for localhost, *.localhost, *.test, 127.0.0.1 and ::1, good for a hundred years, and its key. For tests only:
 * everyone can read the key. A client that trusts `cert` as its CA accepts it.
 */
export const testCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBwzCCAWqgAwIBAgIUIviVxtmvHBAwwy3Wg7FSDUT9pWMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjA2NTkwMFoYDzIxMjYxMDI5
MDY1OTAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQO56CWcxvbj8aSUh9Vs87mBBBSLbr3Gt03MPw1Y3/X7QBGkhrgQzxA
r5Qt5/7Y6814iKrjYnxFmnqqzbxabD6ao4GXMIGUMB0GA1UdDgQWBBRyeT71KjNx
8jzcqU9i1HUxsj+z+zAfBgNVHSMEGDAWgBRyeT71KjNx8jzcqU9i1HUxsj+z+zBB
BgNVHREEOjA4gglsb2NhbGhvc3SCCyoubG9jYWxob3N0ggYqLnRlc3SHBH8AAAGH
EAAAAAAAAAAAAAAAAAAAAAEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNH
ADBEAiAwEKh4cFX0FssbXH/p+LRDoCSU/sXdA0ZHClJeFBy8dAIgFQsn2H/n5LSF
OWdJWOa18Vk9mszQfY4dotCuIB13+EU=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXtL54Kvw/xai5SMN
Zt9yBLve6+kBebLHQEVIWCZISKWhRANCAAQO56CWcxvbj8aSUh9Vs87mBBBSLbr3
Gt03MPw1Y3/X7QBGkhrgQzxAr5Qt5/7Y6814iKrjYnxFmnqqzbxabD6a
-----END PRIVATE KEY-----
`,
};

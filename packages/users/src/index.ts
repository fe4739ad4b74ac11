export { hashPassword, isPasswordHash, verifyPassword } from './password.ts';
export { parseUsers, UsersError } from './parse-users.ts';
export { mayUseSender, type User } from './user.ts';

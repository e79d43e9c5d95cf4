public import Postgres

/// Makes the roles, which belong to the server and so to all of its databases, and gives them logins.
public enum Roles {
    /// Makes the roles that are missing, safely beside other databases of the server that do the same, and lets the
    /// migrating login act as those that the command line acts as: an operator, who may also act within one workspace, but
    /// has no more rights by that.
    ///
    /// - Throws: `SchemaError.needsAdministrator` where the login may not.
    public static func make(in session: PostgresSession) throws {
        // A superuser acts as anybody. From PostgreSQL 16 on a member may be one who may only pass membership on.
        let statements = try texts(
            """
            select 'create role ' || quote_ident(name) || case name when 'loods_operator' then ' noinherit' else '' end
            from unnest(\(Role.allCases.map(\.rawValue))) as u (name)
            where not exists (select from pg_roles where rolname = name)
            union all
            select 'grant loods_tool to loods_operator' where not exists (
                select from pg_auth_members m join pg_roles t on t.oid = m.roleid join pg_roles o on o.oid = m.member
                where t.rolname = 'loods_tool' and o.rolname = 'loods_operator')
            union all
            select 'grant ' || quote_ident(name) || ' to ' || quote_ident(current_user)
            from unnest(\([Role.operator, .tool].map(\.rawValue))) as u (name)
            where not (select rolsuper from pg_roles where rolname = current_user) and not coalesce((
                select pg_has_role(current_user, oid, case
                    when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end)
                from pg_roles where rolname = name), false)
            """, in: session)
        for statement in statements {
            // Of several databases that get here at the same time, all but the first wait for it and find it done.
            let guarded = "begin \(statement); exception when duplicate_object or unique_violation then null; end"
            do throws(PostgresError) {
                try session.runScript(TrustedSQL(trusted: "do $guard$ \(guarded) $guard$"))
            } catch {
                guard error.sqlState == "42501" else { throw error }
                throw SchemaError.needsAdministrator(
                    reason: "the login may not make the roles that Loods needs", statements: statements)
            }
        }
    }

    /// Lets a role log in with a password, which goes over the wire as its SCRAM verifier only.
    ///
    /// - Throws: `SchemaError.needsAdministrator` where the login may not.
    public static func giveLogin(to role: Role, password: String, in session: PostgresSession) throws {
        let verifier = try session.passwordVerifier(password, for: role.rawValue)
        let statement = try texts(
            "select format('alter role %I login password %L', \(role.rawValue), \(verifier))", in: session)[0]
        do throws(PostgresError) { try session.runScript(TrustedSQL(trusted: statement)) } catch {
            guard error.sqlState == "42501" else { throw error }
            throw SchemaError.needsAdministrator(
                reason: "the login may not give roles a login",
                statements: ["alter role \(role.rawValue) login password '…'"])
        }
    }

    private static func texts(_ query: Query, in session: PostgresSession) throws -> [String] {
        try session.query(query).map { try $0[0, as: String.self] }
    }
}

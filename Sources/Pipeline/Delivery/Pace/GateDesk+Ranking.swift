import Model
import Pacing
import Postgres
import Scores
import Store
import Workspaces

extension GateDesk {
    /// The mails that wait in line, with their ranks: where a sending domain is being warmed up those go first whose contacts
    /// are the most engaged, since they open, and complain least.
    func ranked(in session: PostgresSession) throws -> [SendLines.Joining] {
        var models: [WorkspaceID: ScoreModel] = [:]
        let warming = lined.filter { mail in
            guard let live = rules.live[mail.message.contact.workspace],
                live.pace.buckets(of: mail.line).contains(where: { $0.warmUp != nil }), let model = live.engagement
            else { return false }
            models[mail.message.contact.workspace] = model
            return true
        }
        guard !warming.isEmpty else { return lined }
        let balances = try ScoreSums.load(of: Set(warming.map(\.message.contact)), in: session)
        let ranked = Set(warming.map(\.message.id))
        return lined.map { mail in
            guard ranked.contains(mail.message.id), let model = models[mail.message.contact.workspace],
                let balance = balances[mail.message.contact]?[model.name]
            else { return mail }
            var mail = mail
            let value = StandingScore(balance, halfLife: model.halfLife, now: now).value
            mail.rank = Int32(max(-2_000_000_000, min(2_000_000_000, -(value * 10).rounded())))
            return mail
        }
    }
}

extension Workspace {
    /// The score that tells how engaged contacts are: the one of that name, else the first that events give points to.
    fileprivate var engagement: ScoreModel? {
        score(named: "engagement") ?? scores.first { !$0.rules.isEmpty }
    }
}

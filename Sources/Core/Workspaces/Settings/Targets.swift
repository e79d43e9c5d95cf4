public import JourneyProgram

/// Another system that journeys tell something, by an HTTP request.
public struct Webhook: Sendable, Hashable {
    public var name: String
    /// An absolute URL; `http` only where the deployment allows that host.
    public var url: String
}

/// People of the sender's that journeys tell something.
public struct Team: Sendable, Hashable {
    public enum Way: Sendable, Hashable {
        case email(address: String)
        case webhook(Webhook)
    }

    public var name: String
    public var way: Way
}

/// All that a workspace's journeys may tell something.
struct Targets: Sendable {
    var webhooks: [Webhook] = []
    var teams: [Team] = []
    var post: Post?
    var hasFaultyPost = false
    /// Of those that have faults as well, so that references to them are not faults too.
    var webhookNames: Set<String> = []
    var teamNames: Set<String> = []

    /// What one of them is, over which journeys that use it are told apart.
    func digest(of target: String) -> String {
        if let webhook = webhooks.first(where: { "webhook:\($0.name)" == target }) { return webhook.url }
        if target.hasPrefix("postcard:") { return post.map { "\($0)" } ?? "" }
        return teams.first { "notify:\($0.name)" == target }.map { "\($0.way)" } ?? ""
    }
}

extension Workspace {
    /// Whether a call goes by mail; else by an HTTP request.
    public func isMailed(_ call: Step.Call) -> Bool {
        guard case .team(let name) = call.target, case .email? = team(named: name)?.way else { return false }
        return true
    }
}

import Mail

/// Reads `webhooks`, `notify` and `post` of `workspace.yaml`.
struct TargetsReader {
    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    func read(_ fields: Fields) -> Targets {
        var targets = Targets()
        for node in fields.list("webhooks") ?? [] {
            if let name = node["webhook"]?.text { targets.webhookNames.insert(name) }
            guard let webhook = webhook(node) else { continue }
            if targets.webhooks.contains(where: { $0.name == webhook.name }) {
                reportDouble("webhook", webhook.name, node)
            } else {
                targets.webhooks.append(webhook)
            }
        }
        for node in fields.list("notify") ?? [] {
            if let name = node["notify"]?.text { targets.teamNames.insert(name) }
            guard let team = team(node, targets) else { continue }
            if targets.teams.contains(where: { $0.name == team.name }) {
                reportDouble("team", team.name, node)
            } else {
                targets.teams.append(team)
            }
        }
        if let node = fields["post"] {
            targets.post = post(node, targets)
            targets.hasFaultyPost = targets.post == nil
        }
        return targets
    }

    private func post(_ node: YAMLNode, _ targets: Targets) -> Post? {
        guard let fields = Fields(node, of: "\"post\"", keys: ["webhook", "folder"], in: inspection) else { return nil }
        switch (fields["webhook"], fields["folder"]) {
        case (let webhook?, nil):
            let known = targets.webhookNames.sorted()
            return inspection.reference(webhook, "webhook", among: known, called: "webhooks").flatMap { name in
                targets.webhooks.first { $0.name == name }.map { .webhook($0) }
            }
        case (nil, let folder?) where inspection.flag(folder, "\"folder\"") == true: return .folder
        default:
            inspection.report(
                .invalid, "postcards go either to a \"webhook\" or into a \"folder\"", at: node.place,
                help: "post: {webhook: NAME}, or post: {folder: true}")
            return nil
        }
    }

    private func reportDouble(_ what: String, _ name: String, _ node: YAMLNode) {
        inspection.report(.duplicate, "the \(what) \"\(name)\" stands twice", at: node.place)
    }

    private func webhook(_ node: YAMLNode) -> Webhook? {
        guard let fields = Fields(node, of: "a webhook", keys: ["webhook", "url"], in: inspection) else { return nil }
        let name = fields.required("webhook").flatMap { inspection.name($0, "a webhook's name") }
        let url = fields.required("url", help: "such as https://crm.example/loods").flatMap(self.url)
        guard let name, let url else { return nil }
        return Webhook(name: name, url: url)
    }

    private func url(_ node: YAMLNode) -> String? {
        guard let text = inspection.text(node, "a URL") else { return nil }
        if WebhookURL(text) != nil { return text }
        inspection.report(
            .invalid, "\"\(text)\" is not the URL of a webhook", at: node.place,
            help: "https://, a host, and no user or fragment; such as https://crm.example/loods")
        return nil
    }

    private func team(_ node: YAMLNode, _ targets: Targets) -> Team? {
        let keys = ["notify", "email", "webhook"]
        guard let fields = Fields(node, of: "a team", keys: keys, in: inspection) else { return nil }
        let name = fields.required("notify").flatMap { inspection.name($0, "a team's name") }
        let way: Team.Way?
        switch (fields["email"], fields["webhook"]) {
        case (let email?, nil): way = SenderReader(inspection).address(email).map { .email(address: $0) }
        case (nil, let webhook?):
            let known = targets.webhookNames.sorted()
            way = inspection.reference(webhook, "webhook", among: known, called: "webhooks").flatMap { name in
                targets.webhooks.first { $0.name == name }.map { .webhook($0) }
            }
        default:
            inspection.report(
                .invalid, "a team has either an \"email\" or a \"webhook\"", at: node.place,
                help: "such as {notify: sales, email: sales@shop.example}")
            return nil
        }
        guard let name, let way else { return nil }
        return Team(name: name, way: way)
    }
}

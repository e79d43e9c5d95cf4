/// `workspace.yaml` of the workspace "shop", which tests of single stages run with.
///
/// - Parameter topics: the topics, each with its wording.
public func shopSettings(topics: KeyValuePairs<String, String>) -> String {
    """
    workspace: shop
    time_zone: Europe/Amsterdam
    sender: {name: Shop, address: hello@shop.example}
    address: "Kade 1, 1000 AA Amsterdam"
    topics:
    \(topics.map { "  - {topic: \($0), wording: \"\($1)\"}" }.joined(separator: "\n"))

    """
}

import Contracts
import Networks
import Store

extension EventReading {
    /// The item's own, else the batch's, which then counts towards the size of the item; with what is worked out of the
    /// user agent and the address, where the sender did not say it.
    func context(_ item: TrackingItem) throws(ItemFault) -> EventRecord.Text {
        if let own = try Self.object(item, .context, "context") { return try completed(own, by: item) }
        guard let shared = try shared.context() else { return try completed(.made(Self.empty), by: nil) }
        guard item.size + shared.count <= limits.event else {
            throw ItemFault(
                .tooLarge, "with the batch's context the event has more than \(limits.event) bytes", field: "context")
        }
        return try completed(shared, by: self.shared.envelope)
    }

    /// - Parameter said: whose members the context holds; nil for none.
    func completed(_ context: EventRecord.Text, by said: TrackingItem?) throws(ItemFault) -> EventRecord.Text {
        guard let clients else { return context }
        let agent = said?[.contextUserAgent].string ?? client.agent
        let address = said?[.contextIP].string.flatMap { NetworkAddress(hop: $0) } ?? client.address
        if agent == nil, address == nil { return context }
        var object = context.withBytes { Array($0) }
        if let agent {
            let members = clients.members(of: agent)
            if members.isBot, clients.bots == .reject, key.trust == .publicKey {
                throw ItemFault(.bot, "the user agent is a robot's", field: "context.userAgent")
            }
            Self.add(members.device, unless: said?[.contextDevice], to: &object)
            Self.add(members.system, unless: said?[.contextOS], to: &object)
            Self.add(members.browser, unless: said?[.contextBrowser], to: &object)
            Self.add(
                members.isBot ? ClientFacts.AgentMembers.bot : ClientFacts.AgentMembers.person,
                unless: said?[.contextBot], to: &object)
        }
        if let address { Self.add(clients.location(of: address), unless: said?[.contextLocation], to: &object) }
        return .made(object)
    }

    private static func add(_ member: [UInt8]?, unless said: JSONSlice?, to object: inout [UInt8]) {
        guard let member, said?.kind ?? .absent == .absent else { return }
        let isEmpty = object.dropFirst().dropLast().allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        object.removeLast()
        if !isEmpty { object.append(UInt8(ascii: ",")) }
        object += member
        object.append(UInt8(ascii: "}"))
    }
}

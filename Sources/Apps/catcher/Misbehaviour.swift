/// How a recipient wants to be treated, told by the local part of the address. See `CatcherOptions.usage`.
enum Misbehaviour: Equatable {
    case refuseRecipient(Int)
    case refuseData(Int)
    case dropReply
    case dropMail
    case delay(milliseconds: Int64)

    init?(recipient: String) {
        let local = recipient.prefix { $0 != "@" }
        let parts = local.split(separator: "-", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        let number = Int(parts[1])
        switch (parts[0], parts[1], number) {
        case ("refuse", _, let code?) where (500..<600).contains(code): self = .refuseRecipient(code)
        case ("defer", _, let code?) where (400..<500).contains(code): self = .refuseRecipient(code)
        case ("data", _, let code?) where (400..<600).contains(code): self = .refuseData(code)
        case ("delay", _, let time?) where (0...600_000).contains(time): self = .delay(milliseconds: Int64(time))
        case ("drop", "reply", _): self = .dropReply
        case ("drop", "mail", _): self = .dropMail
        default: return nil
        }
    }

    static func reply(_ code: Int) -> String { "\(code) \(code / 100).\(code == 550 ? "1.1" : "3.0") as you asked" }
}

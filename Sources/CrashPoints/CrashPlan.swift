#if DEBUG
    import Glibc
    import Synchronization

    extension CrashPoint {
        /// As `LOODS_CRASH_POINT` has it: `mailer.after-handed`.
        public var name: String { dotted("\(self)") }
    }

    /// What a test has this process do to itself. There is none in a release build.
    public struct CrashPlan: Sendable {
        /// Where, and at which arrival: `mailer.after-handed:3`; without a number at the first.
        public struct Place: Sendable {
            var point: CrashPoint
            var arrivals: Int

            /// Nil for what names no place.
            public init?(_ text: String) {
                let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard let point = CrashPoint.allCases.first(where: { $0.name == parts[0] }),
                    let arrivals = parts.count > 1 ? Int(parts[1]) : 1, arrivals > 0
                else { return nil }
                self.point = point
                self.arrivals = arrivals
            }
        }

        /// What kills whoever handles it: `event:Poison`.
        public struct Item: Sendable {
            var kind: CrashItem
            var name: String

            /// Nil for what names no kind.
            public init?(_ text: String) {
                let parts = text.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, let kind = CrashItem.allCases.first(where: { "\($0)" == parts[0] }) else {
                    return nil
                }
                self.kind = kind
                name = String(parts[1])
            }
        }

        private var death: Place?
        private var freeze: Place?
        private var item: Item?

        private static let current = Mutex(CrashPlan())

        /// Has this process keep to a plan from now on.
        public static func install(death: Place?, freeze: Place?, item: Item?) {
            current.withLock { $0 = CrashPlan(death: death, freeze: freeze, item: item) }
        }

        /// Comes to a place.
        public static func pass(_ point: CrashPoint) {
            let (dies, stops) = current.withLock { plan in
                (plan.death?.arrives(at: point) ?? false, plan.freeze?.arrives(at: point) ?? false)
            }
            if dies { die() }
            if stops { kill(getpid(), SIGSTOP) }
        }

        /// The item of a kind that is deadly, if one is.
        public static func deadly(_ kind: CrashItem) -> String? {
            current.withLock { $0.item?.kind == kind ? $0.item?.name : nil }
        }

        /// Ends the process as if somebody had pulled the plug.
        public static func die() -> Never {
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    }

    extension CrashPlan.Place {
        mutating func arrives(at point: CrashPoint) -> Bool {
            guard point == self.point else { return false }
            arrivals -= 1
            return arrivals == 0
        }
    }

    /// `mailerAfterHanded` as `mailer.after-handed`.
    private func dotted(_ word: String) -> String {
        var text = ""
        var words = 0
        for letter in word {
            if letter.isUppercase {
                text += words == 0 ? "." : "-"
                words += 1
            }
            text += letter.lowercased()
        }
        return text
    }
#endif

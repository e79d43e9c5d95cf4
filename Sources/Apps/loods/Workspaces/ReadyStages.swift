import ArgumentParser

/// Ready sets of stages with the scores that they ask for, as `loods init --stages` writes them.
enum ReadyStages: String, CaseIterable, ExpressibleByArgument {
    case seeThinkDoCare = "see-think-do-care"
    case touchTellSell = "touch-tell-sell"
    case lifecycle

    /// The stage of those who have bought.
    var purchase: String {
        switch self {
        case .seeThinkDoCare: "do"
        case .touchTellSell: "sell"
        case .lifecycle: "customer"
        }
    }

    /// `stages.yaml`.
    var stages: String {
        switch self {
        case .seeThinkDoCare: Self.seeThinkDoCareStages
        case .touchTellSell: Self.touchTellSellStages
        case .lifecycle: Self.lifecycleStages
        }
    }

    /// `scores.yaml`.
    var scores: String {
        switch self {
        case .seeThinkDoCare: Self.engagement
        case .touchTellSell: Self.engagement + Self.fit
        case .lifecycle: Self.engagement
        }
    }

    private static let seeThinkDoCareStages = """
        # See: everybody we might be of use to. Think: is looking into it. Do: has bought. Care: has come back, and is looked
        # after as somebody who will again.
        #
        # In order; a contact is in the last stage whose condition holds.
        # never: a stage once reached is kept. follow: contacts go back when the condition no longer holds.
        regress: never
        stages:
          - stage: see
          - stage: think
            when: score("engagement") >= 10.0
          - stage: do
            when: did("Order Completed")
          - stage: care
            when: count("Order Completed") >= 2

        """

    private static let touchTellSellStages = """
        # Touch: we have met. Tell: listens, so tell what we do and for whom. Sell: a person should talk to them now.
        #
        # In order; a contact is in the last stage whose condition holds. Contacts go back by themselves: interest fades, and
        # nobody is to be called who has gone cold. With "regress: never" a stage once reached is kept.
        regress: follow
        stages:
          - stage: touch
          - stage: tell
            when: score("engagement") >= 5.0
          - stage: sell
            when: score("engagement") >= 25.0 && score("fit") >= 10.0 || did("Order Completed", duration("90d"))

        """

    private static let lifecycleStages = """
        # From a visitor to a loyal customer, and to one who has not bought for a year.
        #
        # In order; a contact is in the last stage whose condition holds, now: whoever has lapsed and buys again is a
        # customer again.
        regress: follow
        stages:
          - stage: visitor
          - stage: lead                   # we may write to them, or they keep coming back
            when: has(contact.email) || score("engagement") >= 10.0
          - stage: customer
            when: did("Order Completed")
          - stage: loyal
            when: count("Order Completed", duration("365d")) >= 3
          - stage: lapsed
            when: did("Order Completed") && !did("Order Completed", duration("365d"))

        """

    private static let engagement = """
        # What people do, fading: after a half-life, half of the points are left.
        # A cap counts the first events of a day, or in all. "expires: 90d" would end points instead of letting them fade.
        scores:
          - score: engagement
            half_life: 14d
            points:
              - {event: Page Viewed, points: 1, cap: {per_day: 10}}
              - {event: Product Viewed, points: 2, cap: {per_day: 10}}
              - {event: Email Clicked, points: 5}
              - {event: Order Completed, points: 20}
            bands: [{band: cold}, {band: warm, from: 10}, {band: hot, from: 40}]

        """

    private static let fit = """
          # Who people are, for as long as their attributes say so.
          - score: fit
            fit:
              - {when: 'contact.employees >= 10', points: 10}
              - {when: 'contact.role in ["owner", "director", "manager"]', points: 10}
              - {when: 'contact.email.endsWith(".example")', points: -10}

        """
}

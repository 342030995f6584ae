using System.Runtime.InteropServices;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>How far the claim of our addresses is.</summary>
internal enum AddressState : byte
{
    /// <summary>Others are being asked whether they have the address.</summary>
    Probing,

    /// <summary>The address is ours, and is defended.</summary>
    Claimed,

    /// <summary>Another had it before we did.</summary>
    Conflict,
}

/// <summary>Another station uses, or wants, one of our addresses.</summary>
/// <param name="Address">Our address.</param>
/// <param name="OtherMac">The other station.</param>
/// <param name="IsDefended">Whether we have just told everybody that it is ours.</param>
/// <param name="Count">How many frames said so since the last report of this address, this one included.</param>
internal readonly record struct AddressConflict(
    HostAddress Address, MacAddress OtherMac, bool IsDefended, long Count = 1);

/// <summary>
/// Claims our addresses and keeps them (RFC 5227): probes before the first use, announces, answers every request for
/// them, unicast or broadcast, for as long as the stack lives, and contradicts others who use them. Deviation from
/// RFC 5227 §1.1: probes are 200 ms apart and nothing is random, so that opening takes 0.6 s and not 4 to 7 s.
/// </summary>
internal sealed class AddressDefence
{
    /// <summary>RFC 5227 §1.1, ANNOUNCE_INTERVAL.</summary>
    public static readonly TimeSpan AnnounceInterval = TimeSpan.FromSeconds(2);

    // What is not pulled before the next batch is in: more replies than that are not worth memory, they are asked for
    // again.
    private const int MaxQueued = 64;

    private readonly MacAddress _ownMac;
    private readonly IpLimits _limits;
    private readonly bool _detectsConflicts;
    private readonly List<Claim> _claims = [];
    private readonly Queue<ArpPlan> _plans = new();
    private readonly Queue<AddressConflict> _conflicts = new();
    private readonly Queue<LocalAddress> _claimed = new();

    /// <param name="ownMac">The MAC address that the addresses belong to.</param>
    /// <param name="addresses">The addresses.</param>
    /// <param name="detectConflicts">False: claim at once, in silence, where nobody else can be on the link.</param>
    /// <param name="now">The time.</param>
    /// <param name="limits">How often, and how fast; null for the defaults.</param>
    public AddressDefence(
        MacAddress ownMac, ReadOnlySpan<LocalAddress> addresses, bool detectConflicts, Instant now,
        IpLimits? limits = null)
    {
        _ownMac = ownMac;
        _limits = limits ?? IpLimits.Default;
        _detectsConflicts = detectConflicts;
        foreach (LocalAddress address in addresses)
        {
            Add(address, now);
        }
    }

    /// <summary>
    /// Of all addresses together: one conflict spoils the claim, one that is still probing delays it.
    /// </summary>
    public AddressState State
    {
        get
        {
            AddressState state = AddressState.Claimed;
            foreach (ref readonly Claim claim in Claims)
            {
                if (claim.State == AddressState.Conflict)
                    return AddressState.Conflict;
                if (claim.State == AddressState.Probing)
                    state = AddressState.Probing;
            }

            return state;
        }
    }

    /// <summary>
    /// Claims another address. While it is being probed, <see cref="TryNextClaimed"/> or <see cref="TryNextConflict"/>
    /// will tell what comes of it.
    /// </summary>
    public AddressState Add(LocalAddress address, Instant now)
    {
        var claim = new Claim(address, _detectsConflicts ? _limits : null);
        if (_detectsConflicts)
            Advance(ref claim, now);
        _claims.Add(claim);
        return claim.State;
    }

    /// <summary>
    /// Gives an address up: it is no longer defended, and nothing that waits to be sent names it. False if it was
    /// neither ours nor being probed.
    /// </summary>
    public bool Remove(HostAddress address)
    {
        if (_claims.RemoveAll(claim => claim.Address == address) == 0)
            return false;

        for (int left = _plans.Count; left > 0; left--)
        {
            ArpPlan plan = _plans.Dequeue();
            if (plan.Packet.SenderAddress != address && !(plan.Packet.IsProbe && plan.Packet.TargetAddress == address))
                _plans.Enqueue(plan);
        }

        return true;
    }

    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (ref readonly Claim claim in Claims)
            {
                next = Instant.Min(next, claim.Deadline);
            }

            return next;
        }
    }

    /// <summary>Sends the probes and announcements that are due.</summary>
    public void OnDeadline(Instant now)
    {
        foreach (ref Claim claim in Claims)
        {
            if (claim.Deadline <= now)
                Advance(ref claim, now);
        }
    }

    /// <summary>Answers requests for our addresses, and notices others who use them.</summary>
    public void OnArp(in ArpPacket arp, Instant now)
    {
        if (arp.SenderMac == _ownMac || arp.SenderMac.IsMulticast || arp.SenderMac.IsZero)
            return;

        foreach (ref Claim claim in Claims)
        {
            if (IsConflict(claim, arp))
                OnConflict(ref claim, arp.SenderMac, now);
            else if (claim.State == AddressState.Claimed
                && arp.Operation == ArpOperation.Request
                && arp.TargetAddress == claim.Address)
            {
                Queue(ArpPlan.Reply(_ownMac, arp));
            }
        }
    }

    /// <summary>Whether <see cref="TryNextArp"/> has something.</summary>
    public bool HasArp => _plans.Count > 0;

    /// <summary>The next ARP packet to be sent; pull until false.</summary>
    public bool TryNextArp(out ArpPlan plan) => _plans.TryDequeue(out plan);

    /// <summary>The next address that became ours because nobody answered the probes; pull until false.</summary>
    public bool TryNextClaimed(out LocalAddress address) => _claimed.TryDequeue(out address);

    /// <summary>
    /// The next conflict, to be reported; pull until false. Each address has one report in a defence interval.
    /// </summary>
    public bool TryNextConflict(out AddressConflict conflict) => _conflicts.TryDequeue(out conflict);

    // RFC 5227 §2.1.1: while we probe, another's probe for the same address is a conflict, too. Once the address is
    // ours, a probe is a question, and the answer settles it (§2.4 concerns only senders of the address).
    private static bool IsConflict(in Claim claim, in ArpPacket arp) =>
        arp.SenderAddress == claim.Address
        || claim.State == AddressState.Probing && arp.IsProbe && arp.TargetAddress == claim.Address;

    private void OnConflict(ref Claim claim, MacAddress other, Instant now)
    {
        bool defends = false;
        claim.ConflictsSeen++;
        if (claim.State == AddressState.Probing)
        {
            claim.State = AddressState.Conflict;
            claim.Deadline = Instant.Never;
        }
        else if (claim.State == AddressState.Claimed && now >= claim.NextDefence)
        {
            // RFC 5227 §2.4 (c): keep the address, contradict now and then, never enter a shouting match.
            claim.NextDefence = now + _limits.DefendInterval;
            defends = true;
            Queue(ArpPlan.Announcement(_ownMac, claim.Address));
        }

        if (now < claim.NextReport)
            return;

        claim.NextReport = now + _limits.DefendInterval;
        _conflicts.Enqueue(new AddressConflict(claim.Address, other, defends, claim.ConflictsSeen));
        claim.ConflictsSeen = 0;
    }

    private void Advance(ref Claim claim, Instant now)
    {
        if (claim.ProbesLeft > 0)
        {
            claim.ProbesLeft--;
            claim.Deadline = now + _limits.ProbeInterval;
            Queue(ArpPlan.Probe(_ownMac, claim.Address));
            return;
        }

        if (claim.State == AddressState.Probing)
            _claimed.Enqueue(claim.Local);
        claim.State = AddressState.Claimed;
        claim.AnnouncementsLeft--;
        claim.Deadline = claim.AnnouncementsLeft > 0 ? now + AnnounceInterval : Instant.Never;
        Queue(ArpPlan.Announcement(_ownMac, claim.Address));
    }

    private void Queue(in ArpPlan plan)
    {
        if (_plans.Count < MaxQueued)
            _plans.Enqueue(plan);
    }

    private Span<Claim> Claims => CollectionsMarshal.AsSpan(_claims);

    private struct Claim(LocalAddress local, IpLimits? probing)
    {
        public readonly LocalAddress Local = local;
        public AddressState State = probing is null ? AddressState.Claimed : AddressState.Probing;
        public int ProbesLeft = probing?.Probes ?? 0;
        public int AnnouncementsLeft = probing?.Announcements ?? 0;
        public Instant Deadline = Instant.Never;
        public Instant NextDefence = new(long.MinValue);
        public Instant NextReport = new(long.MinValue);
        public long ConflictsSeen = 0;

        public readonly HostAddress Address => Local.Address;
    }
}

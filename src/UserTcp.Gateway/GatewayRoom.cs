using System.Net;

namespace UserTcp.Gateway;

/// <summary>How a request for room ended.</summary>
internal enum RoomVerdict
{
    /// <summary>There is room.</summary>
    Entered,

    /// <summary>There are as many connections as are allowed.</summary>
    TooManyConnections,

    /// <summary>Too many attempts to this destination are under way.</summary>
    TooManyAttempts,
}

/// <summary>One connect of the operating system that is under way.</summary>
/// <param name="destination">Where to.</param>
/// <param name="displace">Ends it, to make room for another. Called once at most, under no lock.</param>
internal sealed class GatewayAttempt(IPAddress destination, Action displace)
{
    public IPAddress Destination => destination;

    /// <summary>Whether another attempt has taken its place.</summary>
    public bool IsDisplaced { get; set; }

    /// <summary>When it began.</summary>
    public long Since { get; set; }

    /// <summary>Its place among the attempts to the same destination, oldest first.</summary>
    public LinkedListNode<GatewayAttempt>? PlaceAtDestination { get; set; }

    /// <summary>Its place among all attempts, oldest first.</summary>
    public LinkedListNode<GatewayAttempt>? Place { get; set; }

    public void Displace() => displace();
}

/// <summary>
/// Room for connections, those being made included. No destination may take more of it with attempts than it leaves
/// free, so that a scan of silent ports does not shut out others; and an attempt that has waited in vain for some
/// seconds makes place where there is none. Thread-safe.
/// </summary>
/// <param name="maxConnections">How many there may be.</param>
/// <param name="maxAttemptsPerDestination">A fixed limit for each destination; null for what is left free.</param>
/// <param name="time">The clock.</param>
internal sealed class GatewayRoom(int maxConnections, int? maxAttemptsPerDestination, TimeProvider time)
{
    /// <summary>
    /// A server that is there has answered by now: its peer has sent its SYN three times, after 0, 1 and 3 seconds.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, LinkedList<GatewayAttempt>> _byDestination = [];
    private readonly LinkedList<GatewayAttempt> _attempts = new();
    private int _count;

    /// <summary>Connections now, those being made included.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _count;
        }
    }

    /// <summary>Begins an attempt. If it enters, <see cref="Leave"/> has to be called in the end.</summary>
    /// <param name="attempt">A new one.</param>
    /// <param name="displaced">An older attempt that gave way, and has been told; null if there is none.</param>
    public RoomVerdict TryEnter(GatewayAttempt attempt, out GatewayAttempt? displaced)
    {
        RoomVerdict verdict;
        lock (_lock)
        {
            verdict = Judge(attempt.Destination, out displaced);
            if (displaced is not null)
                GiveWay(displaced);
            if (verdict == RoomVerdict.Entered)
                Add(attempt);
        }

        displaced?.Displace();
        return verdict;
    }

    /// <summary>The attempt is over: it is a connection now, or nothing.</summary>
    /// <returns>False if another has taken its place.</returns>
    public bool TryEndAttempt(GatewayAttempt attempt)
    {
        lock (_lock)
        {
            Remove(attempt);
            return !attempt.IsDisplaced;
        }
    }

    /// <summary>Gives the room back, unless another has it already.</summary>
    public void Leave(GatewayAttempt attempt)
    {
        lock (_lock)
        {
            Remove(attempt);
            if (!attempt.IsDisplaced)
                _count--;
        }
    }

    private RoomVerdict Judge(IPAddress destination, out GatewayAttempt? displaced)
    {
        displaced = null;
        int free = maxConnections - _count;
        _byDestination.TryGetValue(destination, out LinkedList<GatewayAttempt>? rivals);
        if (rivals is not null && rivals.Count >= (maxAttemptsPerDestination ?? Math.Max(1, free)))
        {
            displaced = InVain(rivals);
            return displaced is null ? RoomVerdict.TooManyAttempts : RoomVerdict.Entered;
        }

        if (free > 0)
            return RoomVerdict.Entered;
        displaced = InVain(_attempts);
        return displaced is null ? RoomVerdict.TooManyConnections : RoomVerdict.Entered;
    }

    private GatewayAttempt? InVain(LinkedList<GatewayAttempt> attempts) =>
        attempts.First is { } oldest && time.GetElapsedTime(oldest.Value.Since) >= Patience ? oldest.Value : null;

    private void GiveWay(GatewayAttempt attempt)
    {
        Remove(attempt);
        attempt.IsDisplaced = true;
        _count--;
    }

    private void Add(GatewayAttempt attempt)
    {
        _count++;
        attempt.Since = time.GetTimestamp();
        attempt.Place = _attempts.AddLast(attempt);
        if (!_byDestination.TryGetValue(attempt.Destination, out LinkedList<GatewayAttempt>? rivals))
            _byDestination.Add(attempt.Destination, rivals = new LinkedList<GatewayAttempt>());
        attempt.PlaceAtDestination = rivals.AddLast(attempt);
    }

    private void Remove(GatewayAttempt attempt)
    {
        if (attempt.Place is null)
            return;

        _attempts.Remove(attempt.Place);
        LinkedList<GatewayAttempt> rivals = attempt.PlaceAtDestination!.List!;
        rivals.Remove(attempt.PlaceAtDestination);
        if (rivals.Count == 0)
            _byDestination.Remove(attempt.Destination);
        attempt.Place = attempt.PlaceAtDestination = null;
    }
}

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>A set of sockets that are watched: what <c>epoll_create()</c> makes.</summary>
internal sealed class Epoll
{
    private const uint EdgeTriggered = 1u << 31;
    private const uint OneShot = 1u << 30;

    /// <summary>Errors and the end are told whether they were asked for or not.</summary>
    private const uint AlwaysTold = 8 | 16;

    private readonly SortedDictionary<long, Watch> _watches = [];

    public bool Contains(long descriptor) => _watches.ContainsKey(descriptor);

    public void Set(long descriptor, uint events) => _watches[descriptor] = new Watch(events);

    public void Remove(long descriptor) => _watches.Remove(descriptor);

    /// <summary>Looks what has become possible since it was looked last.</summary>
    /// <param name="eventsOf">What is possible now, of a descriptor.</param>
    /// <param name="arrivedAt">How much has arrived in all.</param>
    public void Observe(Func<long, long> eventsOf, Func<long, long> arrivedAt)
    {
        foreach ((long descriptor, Watch watch) in _watches)
        {
            watch.Observe((uint)eventsOf(descriptor), arrivedAt(descriptor));
        }
    }

    /// <summary>The sockets that something can be told of, which is told by that.</summary>
    public List<(long Descriptor, uint Events)> Take(int most)
    {
        var ready = new List<(long Descriptor, uint Events)>();
        foreach ((long descriptor, Watch watch) in _watches)
        {
            if (ready.Count < most && watch.Take() is var events and not 0)
                ready.Add((descriptor, events));
        }

        return ready;
    }

    private sealed class Watch(uint events)
    {
        private const uint Input = 1;

        private uint _events = events;
        private uint _level;
        private uint _news = uint.MaxValue;
        private long _arrived;

        public void Observe(uint level, long arrived)
        {
            _news |= level & ~_level;
            if (arrived > _arrived)
                _news |= Input;
            _level = level;
            _arrived = arrived;
        }

        public uint Take()
        {
            uint told = _level & (_events | AlwaysTold);
            if ((_events & EdgeTriggered) != 0 && (told & _news) == 0)
                return 0;
            if (told != 0)
                _news = 0;
            if (told != 0 && (_events & OneShot) != 0)
                _events = 0;
            return told;
        }
    }
}

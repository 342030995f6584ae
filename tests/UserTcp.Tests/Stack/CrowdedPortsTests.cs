using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>What a connect costs where most ports are taken: in ports that are looked up.</summary>
public sealed class CrowdedPortsTests
{
    private const ushort First = 32_768;
    private const int All = 32_768;

    private static readonly FlowKey s_destination = new(HostAddress.FromV4(1), 0, HostAddress.FromV4(2), 80);

    private static PortAllocator Allocator(int count) => new(new SipHash(7, 8), First, (ushort)(First + count - 1));

    [Fact]
    public void With_all_ports_in_TIME_WAIT_a_connect_looks_up_no_more_than_a_bound()
    {
        var ports = new Ports(All);
        PortAllocator allocator = Allocator(All);
        ports.Fill(PortState.Reusable);
        var picked = new HashSet<ushort>();
        for (int i = 0; i < 1000; i++)
        {
            ports.LookUps = 0;
            Assert.True(allocator.TryPick(s_destination, true, new Use(ports), out ushort port));
            Assert.InRange(ports.LookUps, 1, PortAllocator.Tries);
            Assert.True(picked.Add(port));
            ports[port] = PortState.Taken;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_a_port_to_be_had_only_the_first_connect_looks_them_all_up(bool mayReuse)
    {
        var ports = new Ports(All);
        PortAllocator allocator = Allocator(All);
        ports.Fill(mayReuse ? PortState.Taken : PortState.Reusable);
        Assert.False(allocator.TryPick(s_destination, mayReuse, new Use(ports), out _));
        for (int i = 0; i < 100; i++)
        {
            ports.LookUps = 0;
            Assert.False(allocator.TryPick(s_destination, mayReuse, new Use(ports), out _));
            Assert.InRange(ports.LookUps, 1, PortAllocator.Tries);
        }

        const ushort Released = 50_000;
        ports[Released] = PortState.Free;
        allocator.OnReleased(s_destination with { LocalPort = Released });
        ports.LookUps = 0;
        Assert.True(allocator.TryPick(s_destination, mayReuse, new Use(ports), out ushort port));
        Assert.Equal(Released, port);
        Assert.InRange(ports.LookUps, 1, PortAllocator.Tries + 1);
    }

    /// <summary>
    /// Random ports become free, reusable and taken. A picked port can be had, no port that can be had is missed, and
    /// releases pay for the look-ups.
    /// </summary>
    [Fact]
    public void Random_ports_are_found_if_there_are_any_and_each_is_looked_up_once_for_each_release()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            const int Count = 700;
            var random = new Random(seed);
            var ports = new Ports(Count);
            PortAllocator allocator = Allocator(Count);
            long allowed = 2 * Count;
            for (int step = 0; step < 3000; step++)
            {
                if (random.Next(8) == 0)
                {
                    var released = (ushort)(First + random.Next(Count));
                    ports[released] = random.Next(2) == 0 ? PortState.Free : PortState.Reusable;
                    allocator.OnReleased(s_destination with { LocalPort = released });
                    allowed += 4;
                    continue;
                }

                bool mayReuse = random.Next(2) == 0;
                allowed += PortAllocator.Tries + 1;
                bool isFound = allocator.TryPick(s_destination, mayReuse, new Use(ports), out ushort port);
                Assert.Equal(ports.Has(PortState.Free) || (mayReuse && ports.Has(PortState.Reusable)), isFound);
                if (!isFound)
                    continue;

                Assert.True(ports[port] == PortState.Free || (mayReuse && ports[port] == PortState.Reusable));
                ports[port] = PortState.Taken;
                allowed += 2; // it may have been known to be reusable
            }

            Assert.True(ports.LookUps <= allowed, $"seed {seed}: {ports.LookUps} looked up, {allowed} allowed");
        }
    }

    /// <summary>However a connection of a whole stack ends, its port can be had again, and not before.</summary>
    [Fact]
    public void However_connections_end_a_connect_finds_a_port_if_and_only_if_there_is_one()
    {
        for (int seed = 0; seed < 6; seed++)
        {
            new RandomConnections(seed).Run();
        }
    }

    private sealed class Ports(int count)
    {
        private readonly PortState[] _states = new PortState[count];

        public long LookUps { get; set; }

        public PortState this[ushort port]
        {
            get => _states[port - First];
            set => _states[port - First] = value;
        }

        public void Fill(PortState state) => Array.Fill(_states, state);

        public bool Has(PortState state) => _states.Contains(state);
    }

    private readonly struct Use(Ports ports) : IPortUse
    {
        public PortState Of(ushort port)
        {
            ports.LookUps++;
            return ports[port];
        }
    }

    private sealed class RandomConnections(int seed)
    {
        private const int Count = 3 * PortAllocator.Tries;

        private readonly Random _random = new(seed);
        private readonly List<StackConnection> _live = [];
        private readonly StackBench _bench = new(c => c with
        {
            FirstEphemeralPort = First, LastEphemeralPort = (ushort)(First + Count - 1), MaxTimeWait = Count / 2,
        });

        public void Run()
        {
            using StackBench bench = _bench;
            for (int step = 0; step < 2500; step++)
            {
                int choice = _random.Next(10);
                if (choice < 6)
                    Connect();
                else if (choice < 8)
                    Wait(_random.Next(8)); // ports become free one by one
                else if (_live.Count > 0)
                    End();
                Pull();
                _live.RemoveAll(connection => connection.IsForgotten);
            }
        }

        private void Wait(int halves)
        {
            for (; halves > 0; halves--)
            {
                _bench.Advance(0.5);
                Pull();
                _live.RemoveAll(connection => connection.IsForgotten);
            }
        }

        private void Connect()
        {
            bool isFull = _live.Count + _bench.Core.TimeWaitCount == Count;
            CallResult result = _bench.TryConnect(out StackConnection? connection);
            Assert.True(result == (isFull ? CallResult.NoPortLeft : CallResult.Done), $"seed {seed}: {result}");
            if (connection is null)
                return;

            _live.Add(connection);
            SentFrame syn = Assert.Single(Pull(), f => f.SourcePort == connection.Flow.LocalPort);
            if (_random.Next(4) > 0)
                Answer(TcpFlags.Syn | TcpFlags.Ack, 1000, syn.Seq + 1, syn.SourcePort);
        }

        private void End()
        {
            StackConnection connection = _live[_random.Next(_live.Count)];
            ushort port = connection.Flow.LocalPort;
            if (connection.Tcb.State != TcpState.Established || _random.Next(3) == 0)
            {
                _bench.Core.OnUserCall(connection, UserCall.Abort, _bench.Now);
                return;
            }

            _bench.Core.OnUserCall(connection, UserCall.Close, _bench.Now);
            SentFrame fin = Assert.Single(Pull(), f => f.SourcePort == port);
            Answer(TcpFlags.Fin | TcpFlags.Ack, 1001, fin.Seq + 1, port);
        }

        private IEnumerable<SentFrame> Pull()
        {
            List<SentFrame> frames = _bench.Pull();
            if (frames.Exists(f => f.IsArp))
            {
                _bench.Hear(Packets.Reply(Packets.PeerMac, Packets.Peer, Packets.Own), Packets.OwnMac);
                frames.AddRange(_bench.Pull());
            }

            return frames.Where(f => !f.IsArp);
        }

        private void Answer(TcpFlags flags, uint seq, uint ack, ushort port) =>
            _bench.Hear(flags, seq, ack, from: StackBench.Port, to: port);
    }
}

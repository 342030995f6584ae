using System.Text;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp.Testing.Network;

/// <summary>A host with a whole stack, which the network turns in place of the stack's own thread.</summary>
internal sealed class StackStation : Station, IStackDriver
{
    private const ulong RefusalKey = 0x7ef_0000;
    private const ulong SteeringKey = 0x57ee_0000;
    private const int Habits = 3;

    private readonly SeededRandom _random;
    private readonly PortDevice _device;
    private RunningStack? _running;

    public StackStation(
        SimulatedNetwork network, string name, SimulatedLinkOptions link, Action<UserTcpStackOptions>? configure)
        : base(network, name, link)
    {
        _random = network.Random.Derive(RefusalKey + (ulong)Number);
        SeededRandom steering = network.Random.Derive(SteeringKey + (ulong)Number);
        _device = new PortDevice(this, link.Mtu, network.Frames, Inbox)
        {
            Habit = (PortSteering)steering.Next(Habits),
        };
        var options = new UserTcpStackOptions
        {
            Link = _device,
            Name = name,
            MacAddress = Mac,
            Addresses = { new UserTcpAddress(Address.ToIPAddress(), PrefixLength) },
            DetectAddressConflicts = false,
            DeterministicSeed = (int)network.Random.Derive((ulong)Number).Next(),
            TimeProvider = new SimulatedTime(network, this),
            ApplicationScheduler = network.Applications,
            Driver = this,
        };
        configure?.Invoke(options);
        Stack = new UserTcpStack(options);
    }

    public UserTcpStack Stack { get; }

    public bool RefusesEntry
    {
        get
        {
            if (Network.EntryRefusals == 0 || !_random.Chance(Network.EntryRefusals))
                return false;
            Network.RefusedEntries++;
            Network.MarkDirty(this);
            return true;
        }
    }

    protected override Instant NextTurn =>
        _running?.UntilNextTurn is TimeSpan time ? Network.Time + time : Instant.Never;

    public void Attach(RunningStack stack)
    {
        _running = stack;
        Network.MarkDirty(this);
    }

    public void Detach(RunningStack stack) => _running = null;

    public void Defer(Action<object?> action, object? state) => Network.Applications.Schedule(action, state);

    /// <summary>Every connection in a line: who might wait for whom.</summary>
    public void DescribeTo(StringBuilder text)
    {
        if (_running is null)
            return;

        foreach (RunningConnection connection in _running.GetConnections().OrderBy(one => one.Id))
        {
            AddLine(text, connection);
        }
    }

    public override void Dispose() => Stack.Abort();

    protected override void Turn()
    {
        do
        {
            _running?.Turn();
        }
        while (_running is not null && _device.HasFrames);
    }

    private void AddLine(StringBuilder text, RunningConnection connection)
    {
        (long unread, long unacknowledged) = connection.Look(
            static (core, _) => (core.Receive.Unconsumed, core.Send.Unacknowledged));
        text.Append("\n  ").Append(Name).Append(": ").Append(connection.LocalEndPoint).Append(" - ")
            .Append(connection.RemoteEndPoint).Append(' ').Append(connection.State).Append(", ")
            .Append(unread).Append(" bytes not read, ").Append(unacknowledged).Append(" not acknowledged");
    }
}

using System.Collections.Concurrent;
using UserTcp;
using UserTcp.Links;

namespace VirtualLan;

/// <summary>
/// A learning Ethernet switch: a port for each host, a thread for each port. Where the port of a station is not known a
/// frame goes to all; where a port is full it is dropped, as a switch does. Thread-safe.
/// </summary>
internal sealed class EthernetSwitch : IDisposable
{
    private readonly ConcurrentDictionary<MacAddress, Port> _stations = new();
    private readonly ConcurrentBag<Port> _ports = [];
    private long _forwarded;
    private long _flooded;
    private long _dropped;

    public int Known => _stations.Count;

    public long Forwarded => Interlocked.Read(ref _forwarded);

    public long Flooded => Interlocked.Read(ref _flooded);

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>A new port.</summary>
    /// <returns>The host's end of its cable.</returns>
    public LinkDevice Plug(string name)
    {
        // Others are on the link: addresses have to be probed. Long frames and open checksums pass a switch in memory.
        (VirtualLink host, VirtualLink port) = VirtualLink.CreatePair(new VirtualLinkOptions
        {
            Name = name,
            Features = VirtualLinkOptions.AllFeatures & ~LinkFeatures.PointToPoint,
        });
        var plugged = new Port(this, port);
        _ports.Add(plugged);
        plugged.Start(name);
        return host;
    }

    public void Dispose()
    {
        foreach (Port port in _ports)
        {
            port.Stop();
        }
    }

    private void Forward(Port from, RxFrame frame)
    {
        if (frame.Bytes.Length < 2 * MacAddress.Size)
            return;

        var destination = new MacAddress(frame.Bytes);
        _stations[new MacAddress(frame.Bytes[MacAddress.Size..])] = from;
        if (!destination.IsMulticast && _stations.TryGetValue(destination, out Port? to))
        {
            Count(ref _forwarded, to.TrySend(frame));
            return;
        }

        foreach (Port other in _ports)
        {
            if (other != from)
                Count(ref _flooded, other.TrySend(frame));
        }
    }

    private void Count(ref long counter, bool isSent) => Interlocked.Increment(ref isSent ? ref counter : ref _dropped);

    private sealed class Port(EthernetSwitch owner, VirtualLink link)
    {
        private readonly Lock _sending = new();
        private Thread? _thread;
        private volatile bool _isStopped;

        public void Start(string name)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = $"switch {name}" };
            _thread.Start();
        }

        public void Stop()
        {
            _isStopped = true;
            link.Wake();
            _thread!.Join();
            link.Dispose();
        }

        public bool TrySend(RxFrame frame)
        {
            var copy = TxFrame.Create(frame.Bytes, frame.Offload);
            lock (_sending)
                return link.Transmit([copy]) == 1;
        }

        private void Run()
        {
            using var batch = new RxBatch();
            while (!_isStopped)
            {
                batch.Clear();
                try
                {
                    if (link.Receive(batch) == 0)
                        link.Wait(Timeout.InfiniteTimeSpan);
                }
                catch (LinkDownException)
                {
                    return; // the host is gone
                }

                for (int i = 0; i < batch.Count; i++)
                {
                    owner.Forward(this, batch[i]);
                }
            }
        }
    }
}

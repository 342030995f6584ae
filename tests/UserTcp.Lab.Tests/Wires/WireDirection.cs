using System.Buffers.Binary;

namespace UserTcp.Lab.Tests.Wires;

/// <summary>
/// One direction of an <see cref="ImpairedWire"/>: a thread that takes frames here and puts them there.
/// </summary>
internal sealed class WireDirection : IDisposable
{
    private const int BufferBytes = 1 << 16;
    private const int MaxFrameBytes = 1514;
    private const int EthernetBytes = 14;
    private const int Ipv4 = 0x0800;
    private static readonly TimeSpan s_silence = TimeSpan.FromMilliseconds(5);
    private readonly PacketSocket _from;
    private readonly PacketSocket _to;
    private readonly Impairment _impairment;
    private readonly Random _random;
    private readonly List<(byte[] Frame, long ReleaseAt)> _held = [];
    private readonly Thread _thread;
    private Exception? _failure;
    private volatile bool _ended;
    private long _seen;
    private long _lost;
    private long _duplicated;
    private long _reordered;
    private long _corrupted;

    public WireDirection(PacketSocket from, PacketSocket to, Impairment impairment, int seed)
    {
        _from = from;
        _to = to;
        _impairment = impairment;
        _random = new Random(seed);
        _thread = new Thread(Run) { Name = "wire" };
        _thread.Start();
    }

    public WireCounts Counts => new(_seen, _lost, _duplicated, _reordered, _corrupted);

    /// <summary>Ends the thread; what made it fail comes out here.</summary>
    public void Dispose()
    {
        _ended = true;
        _thread.Join();
        if (_failure is not null)
            throw new InvalidOperationException("The wire broke.", _failure);
    }

    private void Run()
    {
        Span<byte> buffer = new byte[BufferBytes];
        try
        {
            while (!_ended)
            {
                int length = _from.Receive(buffer, s_silence);
                if (length > 0)
                    Carry(buffer[..length]);
                Release(length == 0 ? long.MaxValue : _seen);
            }
        }
        catch (Exception e)
        {
            _failure = e;
        }
    }

    private void Carry(Span<byte> frame)
    {
        if (frame.Length > MaxFrameBytes)
            throw new InvalidOperationException($"A frame of {frame.Length} bytes: offloads are on.");

        _seen++;
        if (Happens(_impairment.Loss, ref _lost))
            return;
        if (IsIpv4(frame) && Happens(_impairment.Corruption, ref _corrupted))
            frame[_random.Next(EthernetBytes, frame.Length)] ^= (byte)(1 << _random.Next(8));
        if (Happens(_impairment.Reordering, ref _reordered))
        {
            _held.Add((frame.ToArray(), _seen + _random.Next(1, 9)));
            return;
        }

        _to.Send(frame);
        if (Happens(_impairment.Duplication, ref _duplicated))
            _to.Send(frame);
    }

    private void Release(long now)
    {
        for (int i = 0; i < _held.Count; i++)
        {
            if (_held[i].ReleaseAt > now)
                continue;
            _to.Send(_held[i].Frame);
            _held.RemoveAt(i--);
        }
    }

    private static bool IsIpv4(ReadOnlySpan<byte> frame) =>
        frame.Length > EthernetBytes && BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == Ipv4;

    private bool Happens(double probability, ref long count)
    {
        bool happens = _random.NextDouble() < probability;
        if (happens)
            count++;
        return happens;
    }
}

using System.Buffers;
using UserTcp.Tcp;

namespace UserTcp.Tests.Stack;

/// <summary>
/// Writes a stream whose every byte is known by its position, and checks such a stream that it reads.
/// </summary>
internal sealed class TransferApp(long toSend, int sendSeed, int receiveSeed) : TestApp
{
    private long _written;
    private long _read;
    private bool _hasClosed;

    /// <summary>Whether FIN follows the last byte.</summary>
    public bool ClosesOutput { get; init; } = true;

    /// <summary>Whether it lets go of the connection once it has read and written all.</summary>
    public bool Detaches { get; init; } = true;

    /// <summary>Bytes that it reads at once and then no more, until <see cref="ReadLimit"/> is raised.</summary>
    public long ReadLimit { get; set; } = long.MaxValue;

    public long BytesRead => _read;

    public bool HasReadEnd { get; private set; }

    public bool IsDone => HasReadEnd && _written == toSend && IsOver;

    public static byte ByteAt(int seed, long position) => (byte)(position * 31 + (position >> 8) * 7 + seed);

    public void Read()
    {
        if (Connection!.Receive.IsReaderGone)
            return;
        long room = Math.Min(Connection.Receive.Unconsumed, ReadLimit - _read);
        ReadOnlySequence<byte> view = Connection.Receive.Read();
        foreach (ReadOnlyMemory<byte> piece in view.Slice(0, room))
        {
            Check(piece.Span);
        }

        Connection.Receive.AdvanceTo(_read, _read);
        if (room > 0)
            Call(UserCall.Receive);
        HasReadEnd = Connection.Receive.IsFinished && Connection.Receive.Unconsumed == 0;
        LetGoWhenDone();
    }

    protected override void OnEffects(Effects effects)
    {
        if ((effects & Effects.Readable) != 0)
            Read();
        if ((effects & (Effects.Writable | Effects.Connected)) != 0)
            Write();
    }

    private void Check(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            if (b != ByteAt(receiveSeed, _read))
                Assert.Fail($"Byte {_read} is {b}.");
            _read++;
        }
    }

    private void Write()
    {
        bool isNew = false;
        while (_written < toSend && Connection!.Send.Unacknowledged < Connection.Send.Limit
            && !Connection.Send.IsAbandoned)
        {
            Span<byte> room = Connection.Send.GetMemory(1).Span;
            int count = (int)Math.Min(room.Length, toSend - _written);
            for (int i = 0; i < count; i++)
            {
                room[i] = ByteAt(sendSeed, _written++);
            }

            Connection.Send.Advance(count);
            isNew |= Connection.Send.Publish();
        }

        if (isNew)
            Call(UserCall.Send);
        if (_written == toSend && ClosesOutput && !_hasClosed)
        {
            _hasClosed = true;
            Call(UserCall.Close);
        }

        LetGoWhenDone();
    }

    private void LetGoWhenDone()
    {
        if (!Detaches || !HasReadEnd || !_hasClosed || Connection!.Receive.IsReaderGone)
            return;
        Connection.Receive.CloseReader(isViewReleased: true);
        Call(UserCall.Detach);
    }
}

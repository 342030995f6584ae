using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// Receives frames straight into the slots of a batch, by one system call for all. One thread at a time.
/// </summary>
internal sealed unsafe class PacketInbox : IDisposable
{
    private const int MostMessages = RxBatch.DefaultCapacity;

    // A slot of the batch, and room elsewhere for the rest of a frame that is longer.
    private const int PiecesPerMessage = 2;

    /// <summary>
    /// What is taken at once at most: what fits into the second-level cache of a core. What is beyond has left it
    /// before the stack copies it into its place. Measured with frames of 64 KiB: a reader on the thread pool gets a
    /// quarter more than with 2 MiB at once.
    /// </summary>
    private const int HotBytes = 512 << 10;

    private MultiMessage* _messages;
    private MessagePiece* _pieces;
    private int _mostMessages = MostMessages;

    public PacketInbox()
    {
        _messages = (MultiMessage*)NativeMemory.AllocZeroed(MostMessages, (nuint)sizeof(MultiMessage));
        _pieces = (MessagePiece*)NativeMemory.AllocZeroed(
            PiecesPerMessage * MostMessages, (nuint)sizeof(MessagePiece));
        for (int i = 0; i < MostMessages; i++)
        {
            _messages[i].Header.Pieces = &_pieces[PiecesPerMessage * i];
            _messages[i].Header.PieceCount = PiecesPerMessage;
        }
    }

    ~PacketInbox() => Free();

    /// <summary>Takes what has arrived, as far as it fits.</summary>
    /// <param name="socket">A socket whose frames have a virtio header in front.</param>
    /// <param name="batch">With room for one frame at least.</param>
    /// <param name="dropped">How many frames were broken, or longer than <see cref="RxBatch.MaxFrameBytes"/>.</param>
    /// <returns>How many messages came; negative for an error, which is the last of the platform's.</returns>
    public int Receive(int socket, RxBatch batch, out InboxDrops dropped)
    {
        dropped = default;
        int room = Math.Min(batch.FreeSlots, _mostMessages);
        int first = batch.Count;
        for (int i = 0; i < room; i++)
        {
            Prepare(&_pieces[PiecesPerMessage * i], batch.FreeSlot(i), batch.LongSlot(first + i));
        }

        int count = LibcNative.ReceiveMessages(
            socket, _messages, (uint)room, LibcNative.DoNotWait | LibcNative.Truncated, null);
        if (count <= 0)
            return count;

        long bytes = 0;
        for (int i = 0; i < count; i++)
        {
            int length = (int)_messages[i].Length - FrameOffload.Size;
            bytes += length;
            if (length is < 0 or > RxBatch.MaxFrameBytes)
                dropped = dropped.With(length);
            else
                Take(batch, &_pieces[PiecesPerMessage * i], batch.LongSlot(first + i), length);
        }

        batch.KeepSlots(count);
        // The next frames will be about as long as these.
        if (bytes > 0)
            _mostMessages = (int)Math.Clamp((long)HotBytes * count / bytes, 1, MostMessages);
        return count;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static void Prepare(MessagePiece* pieces, byte* slot, byte* longSlot)
    {
        pieces[0].Start = slot - FrameOffload.Size;
        pieces[0].Length = FrameOffload.Size + RxBatch.UsualFrameBytes;
        pieces[1].Start = longSlot + RxBatch.UsualFrameBytes;
        pieces[1].Length = RxBatch.MaxFrameBytes - RxBatch.UsualFrameBytes;
    }

    // The first part of a long frame moves in front of the rest.
    private static void Take(RxBatch batch, MessagePiece* pieces, byte* longSlot, int length)
    {
        byte* frame = (byte*)pieces[0].Start + FrameOffload.Size;
        var offload = *(FrameOffload*)pieces[0].Start;
        if (length > RxBatch.UsualFrameBytes)
        {
            NativeMemory.Copy(frame, longSlot, RxBatch.UsualFrameBytes);
            frame = longSlot;
        }

        batch.CommitAt(frame, length, offload);
    }

    private void Free()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_pieces);
        _messages = null;
        _pieces = null;
    }
}

/// <summary>Receives frames that are not used.</summary>
/// <param name="All">All of it, in frames.</param>
/// <param name="TooLong">The frames that were longer than there is room for.</param>
internal readonly record struct InboxDrops(int All, int TooLong)
{
    public InboxDrops With(int length) => new(All + 1, TooLong + (length > 0 ? 1 : 0));
}

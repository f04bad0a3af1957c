import type { Translation } from "../translation.ts";
import type { common as en } from "../en/common.ts";

export const common: Translation<typeof en> = {
  language: "언어",
  models: "모델",
  signOut: "로그아웃",
  tryAgain: "다시 시도",
  close: "닫기",
  cancel: "취소",
  loading: "불러오는 중…",
  signIn: {
    first: "관리자에게 받은 API 키로 로그인",
    again: "세션이 만료됨. 다시 로그인하면 작업하던 화면이 그대로 유지됨",
    key: "API 키",
    submit: "로그인",
    provider: "소속 기관 계정으로 로그인",
  },
  status: {
    pending: "대기",
    running: "진행 중",
    waiting: "작업 필요",
    parked: "조치 필요",
    completed: "완료",
    failed: "실패",
    cancelled: "취소됨",
    skipped: "건너뜀",
  },
  steps: {
    download: "다운로드",
    frames: "프레임 추출",
    preinference: "사전 라벨",
    labeling: "라벨링",
    training: "학습",
    deployment: "배포",
    inference: "추론",
    results: "결과",
    upload: "업로드",
  },
  duration: {
    seconds: "{{s}}초",
    minutes: "{{min}}분 {{s}}초",
    hours: "{{h}}시간 {{min}}분",
    days: "{{d}}일 {{h}}시간",
  },
  server: {
    answered: "서버 응답 코드 {{status}}",
    notReached: "서버에 연결할 수 없음",
    notReachedWhatToDo: "Actverse 실행 여부와 네트워크 연결 확인 필요",
  },
};
